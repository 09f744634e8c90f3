//! Recipes, and values of `--set`.

use cli::recipe::Recipe;

use crate::files::Folder;
use crate::memory::within;

/// Bytes taken for each of a recipe: each character may be a value, in a tree that is made twice.
const OF_RECIPE: usize = 300;

/// A recipe.
pub fn recipe(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(found) = within(OF_RECIPE, text.len(), || Recipe::parse(text, "a recipe")) {
        let _ = found.check();
        reads_back(&found);
    }
}

/// Values of `--set`, with a byte 0 between one and the next, for a recipe that can be trained.
pub fn set(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let folder = Folder::new();
    let path = folder.file("recipe.toml", b"[data]\nbuiltin = \"numbers-fr-en\"\n");
    let overrides: Vec<String> = text.split('\0').map(str::to_string).collect();
    if let Ok(found) = within(OF_RECIPE, text.len(), || Recipe::load(&path, &overrides, None)) {
        found.check().expect("it was checked when it was loaded");
        let _ = found.warnings(found.training.last_step(9));
        reads_back(&found);
    }
}

/// Writes a recipe and reads it again. (As text it is the same; a NaN is not even itself.)
fn reads_back(found: &Recipe) {
    let written = found.to_toml();
    let again =
        Recipe::parse(&written, "what was written").unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.to_toml(), written);
    assert_eq!(format!("{again:?}"), format!("{found:?}"));
}
