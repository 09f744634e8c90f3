//! The wish of someone to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::Error;
use crate::report::progress::Asked;

/// Becomes true when someone asks the process to stop, and has been told that it was heard, by `say`. The second time, it stops
/// at once.
pub fn stop_flag(say: impl Fn(&str, Asked) + Send + 'static) -> Result<Arc<AtomicBool>, Error> {
    let cannot = |error| Error::Input(format!("cannot listen for Ctrl-C: {error}"));
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag)).map_err(cannot)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(cannot)?;
    let heard = Arc::clone(&flag);
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let asked = if signal == SIGINT { Asked::Typed } else { Asked::Sent };
            say("stopping after this step or validation; once more stops at once, without saving", asked);
            heard.store(true, Ordering::Relaxed);
        }
    });
    Ok(flag)
}

/// Whether someone asked.
pub fn is_set(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed)
}
