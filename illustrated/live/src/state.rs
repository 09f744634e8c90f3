//! A run as a file, so that it survives the page: parameters, what the optimizer remembers, settings and losses. A moment
//! before is a file of its own, which is written once.

use std::collections::BTreeMap;

use illustrated::recording::{Event, Step, Validated};
use nn::{NamedTensors, OptimizerState, Params, checkpoint};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::session::{Moment, Session};
use crate::settings::Settings;
use crate::thinning::least_missed;

const MODEL: &str = "model.";
const OPTIMIZER: &str = "optimizer.";

/// So many bytes of moments are kept beside a run.
pub const MAX_KEPT_BYTES: usize = 64 << 20;

impl Session {
    /// The run as it is, as a file of tensors. Its moments before are not in it.
    ///
    /// # Errors
    /// [`Error::Model`] for what the format does not take.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let optimizer = self.trainer.optimizer.state(&self.trainer.params);
        let metadata = BTreeMap::from([
            ("settings".into(), json(self.settings())),
            ("shown".into(), json(&self.shown())),
            ("step".into(), json(&self.trainer.step())),
            ("steps".into(), json(&self.losses())),
            ("validations".into(), json(&self.steps().validations())),
        ]);
        Ok(checkpoint::to_bytes(&tensors(&self.trainer.params, &optimizer), &metadata)?)
    }

    /// The steps without what was looked at beside their losses, which is much.
    fn losses(&self) -> Vec<Step> {
        let taken = self.steps().steps().into_iter();
        taken.map(|step| Step { norms: Vec::new(), followed: Vec::new(), ..step.clone() }).collect()
    }

    /// The run that [`Session::to_bytes`] wrote: it goes on to the bit as it would have.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is damaged, [`Error::Settings`] if it is of another version or no run.
    pub fn from_bytes(bytes: &[u8]) -> Result<Session, Error> {
        let saved = checkpoint::from_bytes("the saved run", bytes)?;
        let settings: Settings = field(&saved.metadata, "settings")?;
        let (shown, step): (String, u64) =
            (field(&saved.metadata, "shown")?, field(&saved.metadata, "step")?);
        let steps: Vec<Step> = field(&saved.metadata, "steps")?;
        let validations: Vec<Validated> = field(&saved.metadata, "validations")?;
        let mut session = Session::begin(settings)?;
        session.trainer.params.load_from(&part(&saved.tensors, MODEL))?;
        let optimizer = OptimizerState { steps: step, tensors: part(&saved.tensors, OPTIMIZER) };
        let events = steps.into_iter().map(Event::Step);
        let events = events.chain(validations.into_iter().map(Event::Validated));
        session.restore(&optimizer, step, events)?;
        session.show(&shown)?;
        Ok(session)
    }

    /// The moments that are kept beside the run: those between its beginning and the present; of too many for
    /// [`MAX_KEPT_BYTES`], without those that are least missed.
    pub fn moments_kept(&self) -> Vec<u64> {
        let most = 2 + MAX_KEPT_BYTES / self.moment_bytes();
        let mut steps = self.moments();
        while steps.len() > most {
            steps.remove(least_missed(&steps));
        }
        let (beginning, present) = (0, self.trainer.step());
        steps.retain(|&step| step != beginning && step != present);
        steps
    }

    /// A moment as a file of tensors.
    ///
    /// # Errors
    /// [`Error::Settings`] if there is no such moment; [`Error::Model`] for what the format does not take.
    pub fn moment_to_bytes(&self, step: u64) -> Result<Vec<u8>, Error> {
        let Moment { params, optimizer, .. } = &self.moments[self.moment(step)?];
        let metadata = BTreeMap::from([("step".into(), json(&step))]);
        Ok(checkpoint::to_bytes(&tensors(params, optimizer), &metadata)?)
    }

    /// The moment that [`Session::moment_to_bytes`] wrote can be gone back to again.
    ///
    /// # Errors
    /// [`Error::Model`] if the file is damaged or of another model, [`Error::Settings`] if it is no moment before the present.
    pub fn recall_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let saved = checkpoint::from_bytes("the kept moment", bytes)?;
        let step: u64 = field(&saved.metadata, "step")?;
        let mut params = self.trainer.params.clone();
        params.load_from(&part(&saved.tensors, MODEL))?;
        let optimizer = OptimizerState { steps: step, tensors: part(&saved.tensors, OPTIMIZER) };
        self.recall(Moment { step, params, optimizer, pass: None, search: None })
    }
}

/// Parameters and what the optimizer remembers, in one list.
fn tensors(params: &Params, optimizer: &OptimizerState) -> NamedTensors {
    let mut tensors = NamedTensors::new("the run");
    for (_, name, value) in params.iter() {
        tensors.insert(format!("{MODEL}{name}"), value.clone());
    }
    for (name, value) in optimizer.tensors.iter() {
        tensors.insert(format!("{OPTIMIZER}{name}"), value.clone());
    }
    tensors
}

/// Of such a list what has that prefix.
fn part(tensors: &NamedTensors, prefix: &str) -> NamedTensors {
    let mut part = NamedTensors::new("the saved run");
    for (name, value) in tensors.iter() {
        if let Some(name) = name.strip_prefix(prefix) {
            part.insert(name, value.clone());
        }
    }
    part
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has a JSON form")
}

/// A field of the file.
fn field<T: DeserializeOwned>(metadata: &BTreeMap<String, String>, key: &str) -> Result<T, Error> {
    let json = metadata.get(key).ok_or_else(|| Error::Settings(format!("the saved file has no {key}")))?;
    serde_json::from_str(json)
        .map_err(|problem| Error::Settings(format!("the saved file is of another version: {key}: {problem}")))
}
