//! Disks that are full and places that cannot be written to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::runs::{Toy, assert_same, assert_whole, said, signal, wait_for_lines};

fn toy() -> Toy {
    Toy::new(&["training.max_steps=12", "training.save_every=2"])
}

/// The run ended as it should when a file of its folder cannot be written: exit code 2, one line that names the file
/// and the system's reason, and what was saved before still there.
fn assert_failed_well(output: &Output, folder: &Path, reason: &str) {
    let text = said(output);
    let last = text.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    let out = folder.file_name().unwrap().to_str().unwrap();
    assert!(last.starts_with(&format!("error: {out}")) && last.contains(reason), "{text}");
    assert_whole(folder);
}

/// A run under a limit of so many blocks of 512 bytes for every file, which is a disk that is full at that place.
fn with_file_limit(toy: &Toy, blocks: usize) -> Output {
    let script = r#"trap "" XFSZ; ulimit -f "$0" && exec "$@""#;
    let mut args = vec!["-c".to_string(), script.into(), blocks.to_string()];
    args.push(env!("CARGO_BIN_EXE_etudiant").into());
    args.extend(toy.train_args("limited").iter().map(|arg| arg.to_string()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    toy.in_folder("sh", &args).output().unwrap()
}

/// A run that was stopped in the middle. One that is over before the signal reaches it cannot be: begin another.
fn stopped(toy: &Toy) -> PathBuf {
    for attempt in 0.. {
        let out = format!("stopped-{attempt}");
        let mut child = toy.train(&out).spawn().unwrap();
        if wait_for_lines(&mut child, &toy.path(&out), 5) {
            signal(&child, "TERM");
        }
        if child.wait_with_output().unwrap().status.code() == Some(130) {
            return toy.path(&out);
        }
    }
    unreachable!()
}

#[test]
fn a_file_that_cannot_grow_any_more_stops_the_run_and_loses_nothing() {
    let toy = toy();
    let whole = toy.finish("whole");
    let stopped = stopped(&toy);
    let limited = toy.path("limited");
    let mut points = 0;
    for from_a_save in [false, true] {
        for blocks in (0..).step_by(8) {
            if from_a_save {
                assert!(Command::new("cp").arg("-R").args([&stopped, &limited]).status().unwrap().success());
            }
            let output = with_file_limit(&toy, blocks);
            if !output.status.success() {
                assert_failed_well(&output, &limited, "File too large");
                let is_comforting = said(&output).contains("What was saved before is whole");
                assert!(!is_comforting || limited.join("state.safetensors").exists(), "{}", said(&output));
                assert!(!from_a_save || assert_whole(&limited).0, "the state is lost");
                points += 1;
            }
            assert_same(&toy.finish("limited"), &whole, &format!("{blocks} blocks"));
            fs::remove_dir_all(&limited).unwrap();
            if output.status.success() {
                break;
            }
        }
    }
    assert!(points > 20, "only {points} limits were met");
    println!("files that could not grow: {points} of {points} survived");
}

/// Something mounted, unmounted when dropped.
struct Mount(PathBuf);

impl Mount {
    /// Runs `mount` on the folder; none if that is not allowed here.
    fn new(folder: &Path, args: &[&str]) -> Option<Mount> {
        fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount").args(args).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Mount(folder.into()))
    }

    fn remount(&self, options: &str) {
        let output = Command::new("mount").args(["-o", options]).arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_stops_the_run_and_once_there_is_space_it_goes_on() {
    let toy = toy();
    let whole = toy.finish("whole");
    let mut points = 0;
    for pages in (2..).step_by(5) {
        let disk = toy.path("disk");
        let options = format!("size={}k", 4 * pages);
        let Some(mount) = Mount::new(&disk, &["-t", "tmpfs", "-o", &options, "tmpfs"]) else {
            println!("full disks: none, for nothing can be mounted here; see the files that could not grow");
            return;
        };
        let output = toy.train("disk").output().unwrap();
        if output.status.success() {
            break;
        }
        assert_failed_well(&output, &disk, "No space left on device");
        mount.remount("remount,size=4m");
        assert_same(&toy.finish("disk"), &whole, &options);
        points += 1;
    }
    assert!(points > 10, "only {points} disks were full");
    println!("full disks: {points} of {points} survived");
}

#[test]
fn what_stands_in_the_way_is_named_and_when_it_is_gone_the_run_goes_on() {
    let toy = toy();
    let whole = toy.finish("whole");
    let names = [
        "run.lock",
        "recipe.toml",
        "metrics.jsonl",
        "state.safetensors",
        "best.safetensors",
        "model.safetensors",
        "checkpoints/step-00000004.safetensors",
    ];
    for name in names {
        let obstacle = toy.path("run").join(name);
        fs::create_dir_all(&obstacle).unwrap();
        let output = toy.train("run").output().unwrap();
        let said_name = if name == "run.lock" { name } else { &format!("run/{name}: ") };
        assert_failed_well(&output, &toy.path("run"), said_name);
        assert!(said(&output).to_lowercase().contains("is a directory"), "{}", said(&output));
        fs::remove_dir(&obstacle).unwrap();
        assert_same(&toy.finish("run"), &whole, name);
        fs::remove_dir_all(toy.path("run")).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    let toy = toy();
    let whole = toy.finish("run");
    fs::write(toy.path("file"), "").unwrap();
    for out in ["file", "file/run", "/dev/null/run"] {
        let output = toy.train(out).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let start = format!("error: {out}: cannot make the run's folder: Not a directory");
        assert!(text.starts_with(&start), "{text}");
        assert!(text.ends_with("mend that, or choose another --out\n"), "{text}");
    }
    // Permissions do not bind root, who can mount instead.
    let folder = toy.path("run");
    let writable = fs::metadata(&folder).unwrap().permissions();
    let mut readonly = writable.clone();
    readonly.set_readonly(true);
    fs::set_permissions(&folder, readonly).unwrap();
    let binds = fs::write(folder.join("probe"), "").is_err();
    let mount = match binds {
        true => None,
        false => {
            fs::remove_file(folder.join("probe")).unwrap();
            Mount::new(&folder, &["--bind", folder.to_str().unwrap()])
        }
    };
    if let Some(mount) = &mount {
        mount.remount("remount,bind,ro");
    }
    if binds || mount.is_some() {
        // The lock is there, so where permissions bind it can be opened: the recipe is the first file that cannot.
        assert_failed_well(&toy.train("run").output().unwrap(), &folder, "cannot write");
        println!("a read-only folder: refused");
    } else {
        println!("a read-only folder: not tried, for root may write everywhere, and cannot mount here");
    }
    drop(mount);
    fs::set_permissions(&folder, writable).unwrap();
    assert_same(&toy.finish("run"), &whole, "writable again");
}
