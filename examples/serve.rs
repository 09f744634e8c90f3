//! An HTTP server that translates: each request's body is a line, the answer its translation. Requests that come while
//! others are being translated join them in the middle, and each has the translation that it would have alone.
//!
//!     cargo run --release --example serve -- runs/numbers/model.safetensors 127.0.0.1:8080
//!     curl --data "vingt et un" http://127.0.0.1:8080
//!
//! Who waits longer than [`DEADLINE`] is told so, and his line is given up. Ctrl-C lets those finish that wait, and ends.

use std::error::Error;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use etudiant::translate::serve::Desk;
use etudiant::translate::{Source, Translated, Translator};
use tokio::sync::{mpsc, oneshot};
use tokio::{net::TcpListener, runtime, signal, time};

/// How long a translation may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A line, and who waits for its translation.
type Job = (String, oneshot::Sender<String>);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().ok_or("give a model file, and an address: serve MODEL [127.0.0.1:8080]")?;
    let address = arguments.next().unwrap_or("127.0.0.1:8080".into());
    let translator = Translator::open(model)?;
    let (jobs, arriving) = mpsc::channel(1000); // when so many wait, others wait to be let in
    let translating = thread::spawn(move || translate(&translator, arriving));
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("http://{}", listener.local_addr()?);
        let app = Router::new().route("/", post(answer)).with_state(jobs);
        let ended = async { drop(signal::ctrl_c().await) };
        axum::serve(listener, app).with_graceful_shutdown(ended).await
    })?;
    Ok(translating.join().expect("translating does not panic")?)
}

async fn answer(State(jobs): State<mpsc::Sender<Job>>, line: String) -> Result<String, StatusCode> {
    let (sender, receiver) = oneshot::channel();
    jobs.send((line, sender)).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let answered = time::timeout(DEADLINE, receiver).await.map_err(|_| StatusCode::GATEWAY_TIMEOUT)?;
    answered.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Waits for a job, and translates until none is left; then waits for the next, until no more can come.
fn translate(translator: &Translator, jobs: mpsc::Receiver<Job>) -> Result<(), etudiant::translate::Error> {
    let mut counter = Counter { translator, jobs, first: None, waiting: Vec::new() };
    while let Some(job) = counter.jobs.blocking_recv() {
        counter.first = Some(job);
        translator.request().serve(&mut counter)?;
    }
    Ok(())
}

/// Where requests become lines, and translations answers.
struct Counter<'t> {
    translator: &'t Translator,
    jobs: mpsc::Receiver<Job>,
    /// The job that was waited for.
    first: Option<Job>,
    /// Who waits, by number.
    waiting: Vec<Option<oneshot::Sender<String>>>,
}

impl Desk for Counter<'_> {
    fn arrivals(&mut self, room: usize) -> Vec<(u64, Source)> {
        let arrived: Vec<Job> = self
            .first
            .take()
            .into_iter()
            .chain(std::iter::from_fn(|| self.jobs.try_recv().ok()))
            .take(room)
            .collect();
        let number = |(line, sender): Job| {
            let free = self.waiting.iter().position(Option::is_none).unwrap_or(self.waiting.len());
            self.waiting.resize_with(self.waiting.len().max(free + 1), || None);
            self.waiting[free] = Some(sender);
            (free as u64, self.translator.encode(&line))
        };
        arrived.into_iter().map(number).collect()
    }

    fn is_wanted(&mut self, number: u64, _: &[u32]) -> bool {
        let place = &mut self.waiting[number as usize];
        place.take_if(|sender| sender.is_closed()); // who waited is gone, or was told that it takes too long
        place.is_some()
    }

    fn answer(&mut self, number: u64, translated: Translated) {
        if let Some(sender) = self.waiting[number as usize].take() {
            sender.send(translated.into_best()).ok(); // nobody may be listening any more
        }
    }
}
