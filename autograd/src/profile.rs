//! Where the time goes, by operation.
//!
//! A tape that was told to [profile](crate::Tape::start_profile) keeps a clock. An operation computes its
//! result and is recorded right after, so the time since the operation before it is its forward time. On the
//! way back, the time from one operation to the next is the first one's backward time: its vjp, adding to the
//! gradients that are there, freeing what it saved.
//!
//! So all of a pass is given to some operation. What a program does between two operations without recording
//! it goes to the second of them; only what it does between the last operation and backward goes to none.
//! An operation that computes gradients along with its result, as
//! [`linear_cross_entropy`](crate::Var::linear_cross_entropy) does, has them in its forward time. Times are
//! those of the clock on the wall: work that is spread over several threads counts once. Where there is no
//! [clock], in the browser, there is no profile either; a tape that was not told to profile never looks for one.
//!
//! ```
//! use autograd::Tape;
//! use tensor::{DType, Tensor};
//!
//! let tape = Tape::new();
//! tape.start_profile();
//! let x = tape.var(Tensor::ones([64, 64], DType::F32));
//! x.matmul(&x).matmul(&x).sum(.., false).backward();
//!
//! let mut profile = tape.take_profile();
//! let matmul = profile.row("matmul").unwrap();
//! assert_eq!(matmul.calls, 2);
//! assert!(matmul.forward + matmul.backward <= profile.total());
//!
//! let kept: Vec<f64> = profile.time("keep", || x.value().to_f64_vec());   // a row of one's own
//! println!("{profile}");
//! # assert_eq!((kept.len(), profile.rows().len()), (64 * 64, 4));
//! ```
//!
//! ```text
//! operation  calls  forward ms  backward ms  total ms    share
//! matmul         2       0.065        0.117     0.182   85.2 %
//! ...
//! total          5       0.070        0.122     0.214  100.0 %
//! ```

use std::fmt;
use std::time::{Duration, Instant};

use tensor::clock;

/// How often each operation ran and how long it took: a row for each name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    rows: Vec<Row>,
}

/// What all operations of one name took together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// The operation, `leaf` for variables that were put on the tape, or a name of the caller's.
    pub name: &'static str,
    /// How many were recorded.
    pub calls: u64,
    /// Their time in the forward pass.
    pub forward: Duration,
    /// Their time in the backward pass. For a leaf, that of making its gradient contiguous.
    pub backward: Duration,
    /// The time of what belongs to neither pass, such as an optimizer's step.
    pub outside: Duration,
}

impl Row {
    /// All of its time.
    pub fn total(&self) -> Duration {
        self.forward + self.backward + self.outside
    }

    fn merge(&mut self, other: &Row) {
        self.calls += other.calls;
        self.forward += other.forward;
        self.backward += other.backward;
        self.outside += other.outside;
    }
}

impl Profile {
    /// The rows, in the order in which their names first came.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of that name.
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The time of all rows.
    pub fn total(&self) -> Duration {
        self.rows.iter().map(Row::total).sum()
    }

    /// Adds to the row of that name, which is made if there is none.
    pub fn add(&mut self, row: Row) {
        self.row_mut(row.name).merge(&row);
    }

    /// Adds another profile, row by row: that of another tape, or of another step.
    pub fn merge(&mut self, other: &Profile) {
        other.rows.iter().for_each(|&row| self.add(row));
    }

    /// Runs `work` and adds a call to the row `name`, its time as one outside both passes.
    ///
    /// # Panics
    /// Where there is no [clock].
    #[track_caller]
    pub fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let started = now();
        let result = work();
        self.add(Row { name, calls: 1, outside: started.elapsed(), ..Row::default() });
        result
    }

    /// The table of a profile of `runs` runs, calls and times being those of one run on average.
    ///
    /// # Panics
    /// If `runs` is 0.
    #[track_caller]
    pub fn per(&self, runs: u32) -> impl fmt::Display {
        assert!(runs > 0, "profile: 0 runs have no average");
        Table { profile: self, runs }
    }

    fn row_mut(&mut self, name: &'static str) -> &mut Row {
        let found = self.rows.iter().position(|row| row.name == name);
        let index = found.unwrap_or_else(|| {
            self.rows.push(Row { name, ..Row::default() });
            self.rows.len() - 1
        });
        &mut self.rows[index]
    }
}

/// The table of one run; see [`Profile::per`].
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.per(1).fmt(f)
    }
}

/// A line for each row, the longest time first, and a line of totals.
struct Table<'a> {
    profile: &'a Profile,
    runs: u32,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = self.profile.rows.clone();
        rows.sort_by_key(|row| std::cmp::Reverse(row.total()));
        let mut total = Row { name: "total", ..Row::default() };
        rows.iter().for_each(|row| total.merge(row));
        let width = rows.iter().map(|row| row.name.len()).fold("operation".len(), usize::max);
        write!(f, "{:width$}  calls  forward ms  backward ms  total ms    share", "operation")?;
        for row in rows.iter().chain([&total]) {
            let calls = (10.0 * row.calls as f64 / f64::from(self.runs)).round() / 10.0;
            let [forward, backward, all] = [row.forward, row.backward, row.total()].map(|t| self.cell(t));
            let share =
                100.0 * row.total().as_secs_f64() / total.total().as_secs_f64().max(f64::MIN_POSITIVE);
            let name = row.name;
            write!(
                f,
                "\n{name:width$}  {calls:>5}  {forward:>10}  {backward:>11}  {all:>8}  {share:>5.1} %"
            )?;
        }
        Ok(())
    }
}

impl Table<'_> {
    /// Milliseconds a run; a dash for none at all.
    fn cell(&self, time: Duration) -> String {
        match time.is_zero() {
            true => "-".into(),
            false => format!("{:.3}", 1e3 * time.as_secs_f64() / f64::from(self.runs)),
        }
    }
}

/// The moment it is.
#[track_caller]
fn now() -> Instant {
    clock::now().expect("profile: there is no clock here to take times by")
}

/// A profile in the making: the time between two events goes to the later one.
pub(crate) struct Clock {
    last_event: Instant,
    profile: Profile,
}

impl Clock {
    #[track_caller]
    pub(crate) fn start() -> Clock {
        Clock { last_event: now(), profile: Profile::default() }
    }

    /// The time so far goes to no operation.
    pub(crate) fn restart(&mut self) {
        self.last_event = now();
    }

    /// An operation was computed and recorded.
    #[cold]
    pub(crate) fn recorded(&mut self, name: &'static str) {
        let time = self.lap();
        self.profile.add(Row { name, calls: 1, forward: time, ..Row::default() });
    }

    /// An operation was differentiated.
    #[cold]
    pub(crate) fn differentiated(&mut self, name: &'static str) {
        let time = self.lap();
        self.profile.add(Row { name, backward: time, ..Row::default() });
    }

    pub(crate) fn into_profile(self) -> Profile {
        self.profile
    }

    /// The time since the last event, which is now.
    fn lap(&mut self) -> Duration {
        let before = std::mem::replace(&mut self.last_event, now());
        self.last_event - before
    }
}

#[cfg(test)]
mod tests;
