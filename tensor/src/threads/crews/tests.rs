use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::*;
use crate::kernels::reduce::sum_f64;
use crate::threads::GRAIN;

/// Long enough for any machine. What is not there by then never comes.
const WATCHDOG: Duration = Duration::from_secs(60);

#[track_caller]
fn arrives<T>(result: &Receiver<T>) -> T {
    result.recv_timeout(WATCHDOG).expect("it should have come")
}

/// Waits until so many jobs have come.
fn until_came(crews: &Crews, jobs: usize) {
    while crews.lock().came < jobs {
        thread::yield_now();
    }
}

#[test]
fn a_job_that_is_stuck_keeps_no_other_from_finishing() {
    static CREWS: Crews = Crews::new();
    let ((begun, has_begun), (release, released), (done, is_done)) = (channel(), channel::<()>(), channel());
    let stuck = thread::spawn(move || {
        CREWS.hire(2).run(|| {
            begun.send(()).unwrap();
            let released = released; // the receiver itself, which is no one else's
            arrives(&released);
        });
    });
    arrives(&has_begun);
    thread::spawn(move || {
        for _ in 0..3 {
            done.send(CREWS.hire(2).run(|| sum_f64(&vec![1.0f32; 3 * GRAIN], |x| x))).unwrap();
        }
    });
    assert_eq!([(); 3].map(|()| arrives(&is_done)), [3.0 * GRAIN as f64; 3]);
    release.send(()).unwrap();
    stuck.join().unwrap();
}

#[test]
fn no_more_jobs_than_threads_run_at_a_time_and_the_first_to_come_is_the_first_to_run() {
    static CREWS: Crews = Crews::new();
    let (log, order) = channel();
    let running = CREWS.hire(1);
    let waiting: Vec<_> = (0..4)
        .map(|number| {
            let log = log.clone();
            let thread = thread::spawn(move || CREWS.hire(1).run(|| log.send(number).unwrap()));
            until_came(&CREWS, number + 2);
            thread
        })
        .collect();
    assert_eq!(CREWS.lock().began, 1, "the others wait");
    drop(running);
    assert_eq!([(); 4].map(|()| arrives(&order)), [0, 1, 2, 3]);
    waiting.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_panic_passes_on_and_the_crew_is_given_back() {
    let crews = Crews::new();
    for _ in 0..3 {
        let failing = std::panic::AssertUnwindSafe(|| crews.hire(1).run(|| panic!("as it should")));
        let caught = std::panic::catch_unwind(failing);
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"as it should"));
    }
    let first = crews.hire(2);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| crews.hire(2).run(|| panic!())));
    assert!(caught.is_err());
    drop(first);
    let state = crews.lock();
    assert_eq!((state.came, state.began, state.ended, state.idle.len()), (5, 5, 5, 1));
}

#[test]
fn shares_are_of_the_jobs_there_are() {
    let shares = |machine| [1, 2, 3, 4, 5, 8].map(|jobs| share(machine, jobs));
    assert_eq!(shares(8), [8, 4, 2, 2, 1, 1]);
    assert_eq!(shares(6), [6, 3, 1, 1, 1, 1]);
    assert_eq!(shares(1), [1; 6]);
}

#[test]
fn crews_are_used_again() {
    let crews = Crews::new();
    let threads = |hired: &Hired| hired.pool.as_ref().map(ThreadPool::current_num_threads);
    for _ in 0..3 {
        let hired = [(); 4].map(|()| crews.hire(4));
        assert_eq!(hired.each_ref().map(threads), [None, Some(2), Some(1), Some(1)]);
        let ids = |hired: &Hired| hired.run(|| thread::current().id());
        let workers = hired.each_ref().map(ids);
        assert!((1..4).all(|i| !workers[..i].contains(&workers[i])), "two jobs share a worker");
    }
    assert_eq!(crews.lock().idle.len(), 3);
}

#[test]
fn bits_do_not_depend_on_the_crew() {
    let crews = Crews::new();
    let x: Vec<f32> = (0..5 * GRAIN + 3).map(|i| (i as f32 * 0.37).sin()).collect();
    let hired = [(); 3].map(|()| crews.hire(4));
    let sums = hired.each_ref().map(|crew| crew.run(|| sum_f64(&x, |x| x * x).to_bits()));
    assert_eq!(sums, [sums[0]; 3]);
}
