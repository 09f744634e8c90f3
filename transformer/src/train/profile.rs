//! Where the time of a step goes, outside the operations.

use autograd::profile::Profile;

/// Runs `work`, and gives its time to a row of the profile if there is one.
pub(crate) fn timed<T>(profile: &mut Option<Profile>, name: &'static str, work: impl FnOnce() -> T) -> T {
    match profile {
        Some(profile) => profile.time(name, work),
        None => work(),
    }
}
