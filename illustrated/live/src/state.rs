//! A run as a file, so that it survives the page: parameters, what the optimizer remembers, settings and losses.

use std::collections::BTreeMap;

use illustrated::recording::{Event, Step};
use nn::{NamedTensors, OptimizerState, checkpoint};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::session::Session;
use crate::settings::Settings;

const MODEL: &str = "model.";
const OPTIMIZER: &str = "optimizer.";

impl Session {
    /// The run as it is, as a file of tensors. Its moments before are not in it.
    ///
    /// # Errors
    /// [`Error::Model`] for what the format does not take.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let optimizer = self.trainer.optimizer.state(&self.trainer.params);
        let mut tensors = NamedTensors::new("the run");
        for (_, name, value) in self.trainer.params.iter() {
            tensors.insert(format!("{MODEL}{name}"), value.clone());
        }
        for (name, value) in optimizer.tensors.iter() {
            tensors.insert(format!("{OPTIMIZER}{name}"), value.clone());
        }
        let metadata = BTreeMap::from([
            ("settings".into(), json(self.settings())),
            ("shown".into(), json(&self.shown())),
            ("step".into(), json(&self.trainer.step())),
            ("steps".into(), json(&self.losses())),
        ]);
        Ok(checkpoint::to_bytes(&tensors, &metadata)?)
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
        let part = |prefix: &str| {
            let mut part = NamedTensors::new("the saved run");
            for (name, value) in saved.tensors.iter() {
                if let Some(name) = name.strip_prefix(prefix) {
                    part.insert(name, value.clone());
                }
            }
            part
        };
        let mut session = Session::begin(settings)?;
        session.trainer.params.load_from(&part(MODEL))?;
        let optimizer = OptimizerState { steps: step, tensors: part(OPTIMIZER) };
        session.restore(&optimizer, step, steps.into_iter().map(Event::Step).collect())?;
        session.show(&shown)?;
        Ok(session)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has a JSON form")
}

/// A field of the file.
fn field<T: DeserializeOwned>(metadata: &BTreeMap<String, String>, key: &str) -> Result<T, Error> {
    let json = metadata.get(key).ok_or_else(|| Error::Settings(format!("the saved run has no {key}")))?;
    serde_json::from_str(json)
        .map_err(|problem| Error::Settings(format!("the saved run is of another version: {key}: {problem}")))
}
