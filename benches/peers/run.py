#!/usr/bin/env python3
"""A training step of étudiant beside PyTorch's and JAX's: ours, PyTorch, JAX, and so again for some rounds, each in a
process of its own on the same cores. Prints the table of the README in Markdown; with --bf16 a second one, of ours and
PyTorch's steps in bf16 in the same rounds."""

import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
from statistics import median

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
NAMES = {"etudiant": "étudiant", "torch": "PyTorch", "jax": "JAX"}
BF16 = {"etudiant-bf16": "étudiant", "torch-autocast": "PyTorch, autocast", "torch-products": "PyTorch, products"}
SIZES = ["toy", "tiny", "small", "base"]
OURS = re.compile(
    r"train_step (?P<size>\w+)(?: in bf16)?: median (?P<median_ms>[\d.]+) ms, min (?P<min_ms>[\d.]+) ms, "
    r"(?P<tokens>[\d.]+) target tokens/s, peak (?P<peak_mb>[\d.]+|NaN) MB, (?P<fma_percent>[\d.]+) % of FMA peak"
)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", metavar="size", help=f"of {', '.join(SIZES)}; all of them without")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--threads", type=int, default=2, help="threads, and cores to run on (2)")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement (8)")
    parser.add_argument("--python", default=sys.executable, help="the Python that has PyTorch and JAX")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="save every measurement there")
    parser.add_argument("--bf16", action="store_true", help="in bf16 as well: twice as many measurements")
    parser.add_argument("--skip", choices=["torch", "jax"], action="append", default=[])
    options = parser.parse_args()
    if unknown := set(options.sizes) - set(SIZES):
        parser.error(f"there is no size {', '.join(sorted(unknown))}; there are {', '.join(SIZES)}")
    if options.rounds < 1 or options.threads < 1 or options.seconds <= 0:
        parser.error("--rounds and --threads are at least 1, --seconds is above 0")
    options.sizes = options.sizes or SIZES
    options.peers = [peer for peer in ["torch", "jax"] if peer not in options.skip]
    options.in_bf16 = [name for name in BF16 if options.bf16 and name.split("-")[0] not in options.skip]
    return options


def main():
    options = arguments()
    tell_about_load()
    run(["cargo", "bench", "--bench", "train_step", "--no-run"])
    pin(options.threads)
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    runs, versions = [], our_versions()
    for size in options.sizes:
        for round in range(options.rounds):
            for program in ["etudiant", *options.peers, *options.in_bf16]:
                figures = measure(program, size, options)
                versions |= figures.pop("versions", {})
                print(f"{size}, round {round + 1}, {program}: {figures['median_ms']:.2f} ms", file=sys.stderr)
                runs.append({"size": size, "round": round, "program": program} | figures)
                save(options, runs, versions)
    check_parameters(runs)
    print_table(runs, options)
    if options.bf16:
        print_bf16(runs, options)
    print(f"\n{conditions(options, versions)}")


def measure(program, size, options):
    """The figures of one process."""
    program, _, how = program.partition("-")
    if program == "etudiant":
        command = ["cargo", "bench", "-q", "--bench", "train_step", "--", size, "--seconds", options.seconds]
        out = run(command + ["--bf16"] * (how == "bf16"))
        found = OURS.search(out)
        if not found or found["size"] != size:
            sys.exit(f"run.py: no line `train_step {size}: median ..` from `cargo bench`, but\n{out}")
        return {key: float(value) for key, value in found.groupdict().items() if key != "size"}
    script = FOLDER / f"{program}_step.py"
    command = [options.python, script, size, "--threads", options.threads, "--seconds", options.seconds]
    out = run(command + (["--bf16", how] if how else []))
    return json.loads(out.splitlines()[-1])


def run(command):
    """What a command prints. Its errors go where ours go."""
    command = [str(word) for word in command]
    try:
        return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    except FileNotFoundError:
        sys.exit(f"run.py: there is no program `{command[0]}`; install it, or name the Python with --python")
    except subprocess.CalledProcessError as error:
        ended = f"exit {error.returncode}" if error.returncode > 0 else f"signal {-error.returncode}: out of memory?"
        sys.exit(f"run.py: `{' '.join(command)}` failed ({ended}); --skip torch or --skip jax leaves a peer out")


def pin(threads):
    """This process, and so all that it starts, runs on as many cores as there are threads: XLA has no other setting.
    Of the logical processors that share a core, one is taken before any other."""
    if not hasattr(os, "sched_setaffinity"):
        return  # jax_step.py says what to do
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < threads:
        sys.exit(f"run.py: {threads} threads, but this process may run on {len(allowed)} processors: fewer --threads")

    def core(cpu):
        siblings = pathlib.Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        return siblings.read_text() if siblings.exists() else str(cpu)

    cores = [core(cpu) for cpu in allowed]
    order = sorted(range(len(allowed)), key=lambda i: (cores[:i].count(cores[i]), i))
    os.sched_setaffinity(0, {allowed[i] for i in order[:threads]})


def tell_about_load():
    load = os.getloadavg()[0]
    if load > 0.3:
        print(
            f"run.py: other programs are running (load {load:.1f}), or were a minute ago. They disturb PyTorch most, "
            "whose threads spin while they wait for each other: measure on an idle machine.",
            file=sys.stderr,
        )


def save(options, runs, versions):
    if options.json:
        about = {"machine": machine(), "threads": options.threads, "seconds": options.seconds, "versions": versions}
        options.json.write_text(json.dumps(about | {"runs": runs}, indent=1) + "\n")


def check_parameters(runs):
    """The peers must be the same model."""
    for size in {run["size"] for run in runs}:
        counts = {run["parameters"] for run in runs if run["size"] == size and "parameters" in run}
        if len(counts) > 1:
            sys.exit(f"run.py: the peers' models of size {size} differ: {sorted(counts)} parameters")


def print_table(runs, options):
    programs = ["etudiant", *options.peers]
    heads = [f"{NAMES[program]}, ms" for program in programs]
    if options.peers:
        heads += ["ours / best peer", "median of the rounds' ratios"]
    heads += [f"peak MB: {' / '.join(NAMES[program] for program in programs)}", "ours, % of FMA peak"]
    print(f"| size | {' | '.join(heads)} |\n|---{'|---:' * len(heads)}|")
    for size in options.sizes:
        of = {
            program: [run for run in runs if run["size"] == size and run["program"] == program]
            for program in programs
        }
        print(f"| {size} | {' | '.join(row(of, options.peers))} |")


def print_bf16(runs, options):
    """Ours in bf16 beside PyTorch's two ways, and beside what is fastest in f32."""
    heads = [f"{BF16[program]}, ms" for program in options.in_bf16]
    theirs = options.in_bf16[1:]
    heads += ["ours / faster PyTorch"] * bool(theirs) + ["ours / best f32 peer"] * bool(options.peers)
    print(f"\nIn bf16:\n\n| size | {' | '.join([*heads, 'ours / ours in f32'])} |\n|---{'|---:' * (len(heads) + 1)}|")
    for size in options.sizes:
        programs = ["etudiant", *options.peers, *options.in_bf16]
        times = {
            program: median(run["median_ms"] for run in runs if run["size"] == size and run["program"] == program)
            for program in programs
        }
        ours = times["etudiant-bf16"]
        cells = [milliseconds(times[program]) for program in options.in_bf16]
        bests = [others for others in [theirs, options.peers, ["etudiant"]] if others]
        cells += [f"{ours / min(times[other] for other in others):.2f}" for others in bests]
        print(f"| {size} | {' | '.join(cells)} |")


def row(of, peers):
    """The cells of one size; of[program] are the runs of its rounds."""
    times = {program: [run["median_ms"] for run in runs] for program, runs in of.items()}
    cells = [milliseconds(median(of_program)) for of_program in times.values()]
    if peers:
        best = min(median(times[peer]) for peer in peers)
        ratios = [ours / min(theirs) for ours, *theirs in zip(*times.values())]
        cells += [f"{median(times['etudiant']) / best:.2f}", f"{median(ratios):.2f}"]
    peaks = [f"{max(run['peak_mb'] for run in runs):.0f}" for runs in of.values()]
    return cells + [" / ".join(peaks), f"{median(run['fma_percent'] for run in of['etudiant']):.0f}"]


def milliseconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def conditions(options, versions):
    version = ", ".join(f"{name} {version}" for name, version in versions.items())
    measured = f"medians of {options.rounds} rounds" if options.rounds > 1 else "one round"
    return f"{machine()}; {options.threads} threads; {measured} of {options.seconds:g} s each; {version}."


def machine():
    """The processor, its cores, and the widest vector instructions it has."""
    try:
        info = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        info = ""
    model = re.search(r"model name\s*:\s*(.+)", info)
    flags = set(info.split())
    simd = [name for flag, name in [("avx512f", "AVX-512"), ("avx2", "AVX2"), ("asimd", "NEON")] if flag in flags]
    name = model[1] if model else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} logical cores, {simd[0] if simd else 'vector instructions unknown'}"


def our_versions():
    versions = {"rustc": run(["rustc", "--version"]).split()[1]}
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True).stdout
    if commit.returncode == 0:
        versions["étudiant"] = commit.stdout.strip() + (" with changes" if changed else "")
    return versions


if __name__ == "__main__":
    main()
