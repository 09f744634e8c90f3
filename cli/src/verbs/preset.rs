//! Sizes of models by name, and the recipes that go with them.

use clap::ValueEnum;
use transformer::{Architecture, Config, TieEmbeddings, VocabSizes};

use crate::recipe::{Recipe, ScheduleSettings};

/// Sizes of models by name.
#[derive(Clone, Copy, ValueEnum)]
pub enum Preset {
    /// d_model 64, 2 + 2 layers: for lessons
    Toy,
    /// d_model 128, 4 + 4 layers: for small corpora such as Multi30k
    Tiny,
    /// d_model 256, 3 + 3 layers
    Small,
    /// The paper's base model: d_model 512, 6 + 6 layers
    Base,
    /// The paper's big model: d_model 1024, 6 + 6 layers
    Big,
}

impl Preset {
    /// The configuration of this name.
    pub fn config(self, vocab_sizes: VocabSizes) -> Config {
        match self {
            Preset::Toy => Config::toy(vocab_sizes),
            Preset::Tiny => Config::tiny(vocab_sizes),
            Preset::Small => Config::small(vocab_sizes),
            Preset::Base => Config::base(vocab_sizes),
            Preset::Big => Config::big(vocab_sizes),
        }
    }

    /// The default recipe with a model of these sizes. Base and big have the paper's learning rate and steps (§5.2,
    /// §5.3): they would not bear the rate of the smaller ones.
    pub fn recipe(self) -> Recipe {
        let sizes = self.config(VocabSizes::Shared(8)).architecture;
        let model = Architecture { tie_embeddings: TieEmbeddings::Auto, ..sizes };
        let mut recipe = Recipe { model, ..Recipe::default() };
        let max_steps = match self {
            Preset::Base => 100_000,
            Preset::Big => 300_000,
            _ => return recipe,
        };
        recipe.training.max_steps = max_steps;
        recipe.training.schedule = ScheduleSettings::Noam { factor: 1.0, warmup_steps: 4000 };
        recipe
    }
}
