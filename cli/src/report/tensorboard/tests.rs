use super::*;
use crate::report::record::testing::{STATS, valid};
use autograd::ops::cross_entropy::LossStats;

/// A step whose gradients are zero: zeros are written too.
fn train(step: u64) -> TrainRecord {
    TrainRecord { grad_norm: 0.0, ..crate::report::record::testing::train(step) }
}

/// CRC-32C by its definition, bit by bit, then masked.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Takes the first `count` bytes off.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (first, rest) = bytes.split_at(count);
    *bytes = rest;
    first
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap())
}

/// The events of a file, whose frames must be right to the last byte.
fn events(path: &Path) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let mut rest = &bytes[..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let length = take(&mut rest, 8);
        assert_eq!(number(take(&mut rest, 4)), checksum(length));
        let message = take(&mut rest, u64::from_le_bytes(length.try_into().unwrap()) as usize);
        assert_eq!(number(take(&mut rest, 4)), checksum(message));
        events.push(Event::decode(message).unwrap());
    }
    events
}

/// Every scalar as (step, tag, value).
fn scalars_of(events: &[Event]) -> Vec<(i64, String, f32)> {
    let mut found = Vec::new();
    for event in events {
        if let Some(What::Summary(summary)) = &event.what {
            let of = |value: &Value| Some((event.step, value.tag.clone(), value.simple_value?));
            found.extend(summary.value.iter().filter_map(of));
        }
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The expected bytes are those that TensorBoard 2.21.0 itself writes for these events, with its own `Event`
/// message and `RecordWriter`.
#[test]
fn events_are_the_bytes_that_tensorboard_writes() {
    let framed = |step, what| hex(&frame(&Event { wall_time: 1.5, step, what: Some(what) }.encode_to_vec()));
    assert_eq!(
        framed(0, What::FileVersion("brain.Event:2".into())),
        "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
    );
    assert_eq!(
        framed(501, What::SessionLog(SessionLog { status: START })),
        "100000000000000095fbfe1809000000000000f83f10f5033a0208019f8d8eab"
    );
    assert_eq!(
        framed(7, scalars("train", &[("loss", 0.25), ("grad_norm", 0.0)])),
        "3800000000000000a3797d5709000000000000f83f10072a2b0a110a0a747261696e2f6c6f7373150000803e\
         0a160a0f747261696e2f677261645f6e6f726d1500000000875995f3"
    );
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = TensorBoard::open(folder.path(), 6).unwrap();
    board.train(&train(7)).unwrap();
    board.valid(&ValidRecord { bleu: Some(21.5), ..valid(7) }).unwrap();
    board.valid(&ValidRecord { best: false, ..valid(8) }).unwrap();
    let events = events(&board.path);
    assert_eq!(events[0].what, Some(What::FileVersion("brain.Event:2".into())));
    assert_eq!(events[1].what, Some(What::SessionLog(SessionLog { status: START })));
    assert_eq!(events.iter().map(|event| event.step).collect::<Vec<_>>(), [0, 7, 7, 7, 8]);
    assert!(events.iter().all(|event| event.wall_time > 1.7e9), "seconds since 1970");
    let perplexity = 0.5f64.exp() as f32;
    let expected = [
        (7, "train/loss", 0.75),
        (7, "train/nll", 0.5),
        (7, "train/perplexity", perplexity),
        (7, "train/learning_rate", 0.25),
        (7, "train/tokens", 4.0),
        (7, "train/tokens_per_second", 8.0),
        (7, "train/grad_norm", 0.0),
        (7, "train/epoch", 1.0),
        (7, "train/seconds", 0.5),
        (7, "valid/loss", 0.75),
        (7, "valid/nll", 0.5),
        (7, "valid/perplexity", perplexity),
        (7, "valid/accuracy", 0.25),
        (7, "valid/bleu", 21.5),
        (7, "valid/best", 1.0),
        (8, "valid/loss", 0.75),
        (8, "valid/nll", 0.5),
        (8, "valid/perplexity", perplexity),
        (8, "valid/accuracy", 0.25),
        (8, "valid/best", 0.0),
    ];
    assert_eq!(scalars_of(&events), expected.map(|(step, tag, value)| (step, tag.to_owned(), value)));
}

/// Both files have what was measured: every number of a line of `metrics.jsonl` is a scalar here.
#[test]
fn the_figures_are_those_of_metrics_jsonl() {
    let (train, valid) = (train(7), ValidRecord { bleu: Some(21.5), ..valid(7) });
    let numbers = |line: serde_json::Value| -> Vec<String> {
        let keys =
            line.as_object().unwrap().iter().filter(|(_, value)| value.is_number() || value.is_boolean());
        keys.map(|(key, _)| key.clone()).filter(|key| key != "step").collect()
    };
    let names = |mut figures: Vec<(&str, f64)>| -> Vec<String> {
        figures.sort_by_key(|(name, _)| *name);
        figures.iter().map(|(name, _)| name.to_string()).collect()
    };
    let sorted = |mut keys: Vec<String>| {
        keys.sort();
        keys
    };
    let (train, valid) = (TrainLine::from(&train), ValidLine::from(&valid));
    assert_eq!(names(train.figures()), sorted(numbers(serde_json::to_value(&train).unwrap())));
    assert_eq!(names(valid.figures()), sorted(numbers(serde_json::to_value(&valid).unwrap())));
}

#[test]
fn samples_are_a_table_of_text_that_shows_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = TensorBoard::open(folder.path(), 0).unwrap();
    let [source, reference, translation] = ["*un* <b>", "1. one & two", "ein_s"].map(String::from);
    board.samples(5, &[Sample { source, reference, translation }]).unwrap();
    let events = events(&board.path);
    let Some(What::Summary(summary)) = &events[2].what else { panic!("{events:?}") };
    let [value] = &summary.value[..] else { panic!("{summary:?}") };
    assert_eq!((events[2].step, &*value.tag, value.simple_value), (5, "valid/samples", None));
    let tensor = value.tensor.as_ref().unwrap();
    let sizes: Vec<i64> = tensor.tensor_shape.as_ref().unwrap().dim.iter().map(|dim| dim.size).collect();
    assert_eq!(sizes, [2, 3]);
    let cells: Vec<&str> = tensor.string_val.iter().map(|cell| std::str::from_utf8(cell).unwrap()).collect();
    let row = [r"\*un\* &lt;b\>", r"1\. one &amp; two", r"ein\_s"];
    assert_eq!(cells, ["**source**", "**reference**", "**translation**", row[0], row[1], row[2]]);
}

#[test]
fn numbers_that_are_not_finite_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut board = TensorBoard::open(folder.path(), 0).unwrap();
    let stats = LossStats { loss_sum: f64::NAN, nll_sum: 4e3, ..STATS };
    board.train(&TrainRecord { stats, ..train(1) }).unwrap();
    let scalars = scalars_of(&events(&board.path));
    assert!(scalars[0].2.is_nan());
    assert_eq!(scalars[2].2, f32::INFINITY);
}

#[test]
fn the_file_of_a_resumed_run_sorts_after_those_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = vec!["events.out.tfevents.4000000000.another".to_owned()]; // a clock was wrong
    fs::write(folder.path().join(&names[0]), "").unwrap();
    fs::write(folder.path().join("events.out.tfevents.of nobody"), "").unwrap();
    for step in 1..4 {
        let board = TensorBoard::open(folder.path(), step).unwrap();
        names.push(board.path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert_eq!(names[3], "events.out.tfevents.4000000003.etudiant");
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn a_new_run_removes_the_files_of_earlier_ones_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let others = ["events.out.tfevents.1700000000.another", "model.safetensors", "notes.etudiant"];
    others.iter().for_each(|name| fs::write(folder.path().join(name), "").unwrap());
    let old = [
        TensorBoard::open(folder.path(), 3).unwrap().path,
        TensorBoard::open(folder.path(), 5).unwrap().path,
    ];
    assert!(old.iter().all(|path| path.exists()), "a resumed run removes none");
    let new = TensorBoard::open(folder.path(), 0).unwrap().path;
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut expected = others.map(|name| folder.path().join(name)).to_vec();
    expected.push(new);
    left.sort();
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = TensorBoard::open(&folder.path().join("no"), 0).unwrap_err();
    assert!(error.to_string().contains("no: cannot read the folder: "), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let path = PathBuf::from("/dev/full");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let error = TensorBoard { path, file }.train(&train(1)).unwrap_err();
    assert!(matches!(error, Error::Input(_)));
    assert!(error.to_string().starts_with("/dev/full: cannot append an event: "), "{error}");
}
