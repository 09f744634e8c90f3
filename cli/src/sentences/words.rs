//! The words of the corpus, French and Hindi.

/// The genders of both languages; a noun need not have the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// Masculine.
    M,
    /// Feminine.
    F,
}

use Gender::{F, M};

/// Who does it.
pub struct Subject {
    /// French, singular and plural, with its article. A name has no plural.
    pub french: [Option<&'static str>; 2],
    /// Hindi, singular and plural.
    pub hindi: [&'static str; 2],
    /// The gender of the Hindi word, which the verb takes.
    pub gender: Gender,
}

const fn noun(french: [&'static str; 2], hindi: [&'static str; 2], gender: Gender) -> Subject {
    Subject { french: [Some(french[0]), Some(french[1])], hindi, gender }
}

const fn name(french: &'static str, hindi: &'static str, gender: Gender) -> Subject {
    Subject { french: [Some(french), None], hindi: [hindi, hindi], gender }
}

/// All subjects.
pub const SUBJECTS: [Subject; 9] = [
    noun(["le garçon", "les garçons"], ["लड़का", "लड़के"], M),
    noun(["la fille", "les filles"], ["लड़की", "लड़कियाँ"], F),
    noun(["la femme", "les femmes"], ["औरत", "औरतें"], F),
    noun(["le professeur", "les professeurs"], ["शिक्षक", "शिक्षक"], M),
    noun(["le médecin", "les médecins"], ["डॉक्टर", "डॉक्टर"], M),
    name("Ravi", "रवि", M),
    name("Mohan", "मोहन", M),
    name("Sita", "सीता", F),
    name("Priya", "प्रिया", F),
];

/// What can be done with a thing; each can all that stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// To see or to sell.
    Thing,
    /// Also to carry.
    Carried,
    /// Also to read.
    Read,
}

/// A verb.
pub struct Verb {
    /// French, third person of the present, singular and plural.
    pub french: [&'static str; 2],
    /// The Hindi stem, before `-ता`.
    pub hindi: &'static str,
    /// What it needs of its object.
    pub needs: Use,
}

const fn verb(french: [&'static str; 2], hindi: &'static str, needs: Use) -> Verb {
    Verb { french, hindi, needs }
}

/// All verbs.
pub const VERBS: [Verb; 7] = [
    verb(["lit", "lisent"], "पढ़", Use::Read),
    verb(["apporte", "apportent"], "ला", Use::Carried),
    verb(["prend", "prennent"], "ले", Use::Carried),
    verb(["voit", "voient"], "देख", Use::Thing),
    verb(["cherche", "cherchent"], "खोज", Use::Thing),
    verb(["achète", "achètent"], "खरीद", Use::Thing),
    verb(["vend", "vendent"], "बेच", Use::Thing),
];

/// What it is done to.
pub struct Object {
    /// French, without an article; it begins with a consonant, so that nothing is elided before it.
    pub french: (&'static str, Gender),
    /// Hindi.
    pub hindi: (&'static str, Gender),
    /// What can be done with it.
    pub can_be: Use,
}

const fn object(
    french: &'static str,
    its: Gender,
    hindi: &'static str,
    hindis: Gender,
    can_be: Use,
) -> Object {
    Object { french: (french, its), hindi: (hindi, hindis), can_be }
}

/// All objects.
pub const OBJECTS: [Object; 15] = [
    object("livre", M, "किताब", F, Use::Read),
    object("lettre", F, "चिट्ठी", F, Use::Read),
    object("journal", M, "अखबार", M, Use::Read),
    object("pomme", F, "सेब", M, Use::Carried),
    object("fleur", F, "फूल", M, Use::Carried),
    object("chaise", F, "कुर्सी", F, Use::Carried),
    object("table", F, "मेज़", F, Use::Carried),
    object("sac", M, "थैला", M, Use::Carried),
    object("chapeau", M, "टोपी", F, Use::Carried),
    object("couteau", M, "चाकू", M, Use::Carried),
    object("clé", F, "चाबी", F, Use::Carried),
    object("vélo", M, "साइकिल", F, Use::Thing),
    object("voiture", F, "गाड़ी", F, Use::Thing),
    object("maison", F, "घर", M, Use::Thing),
    object("bateau", M, "नाव", F, Use::Thing),
];

/// An adjective: masculine and feminine, French and Hindi.
pub type Adjective = [[&'static str; 2]; 2];

/// Those that French has before the noun.
pub const BEFORE: [Adjective; 6] = [
    [["grand", "grande"], ["बड़ा", "बड़ी"]],
    [["petit", "petite"], ["छोटा", "छोटी"]],
    [["nouveau", "nouvelle"], ["नया", "नई"]],
    [["vieux", "vieille"], ["पुराना", "पुरानी"]],
    [["bon", "bonne"], ["अच्छा", "अच्छी"]],
    [["beau", "belle"], ["सुंदर", "सुंदर"]],
];

/// Those that French has behind it.
pub const BEHIND: [Adjective; 6] = [
    [["rouge", "rouge"], ["लाल", "लाल"]],
    [["noir", "noire"], ["काला", "काली"]],
    [["blanc", "blanche"], ["सफ़ेद", "सफ़ेद"]],
    [["vert", "verte"], ["हरा", "हरी"]],
    [["jaune", "jaune"], ["पीला", "पीली"]],
    [["bleu", "bleue"], ["नीला", "नीली"]],
];

/// What stands before a noun: French masculine and feminine, Hindi. Sentences that deny don't have the first, for French
/// says `pas de livre` then.
pub const DETERMINERS: [([&str; 2], &str); 3] =
    [(["un", "une"], "एक"), (["le", "la"], ""), (["ce", "cette"], "यह")];

/// When it is done, French and Hindi.
pub const TIMES: [[&str; 2]; 4] =
    [["", ""], ["le matin", "सुबह"], ["le soir", "शाम को"], ["chaque jour", "हर दिन"]];
