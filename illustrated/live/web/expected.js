"use strict";
// What to expect of each change, with the usual settings otherwise: two sentences show little of some, the list of `order.txt`
// shows more. `tests/expected.rs` tries all of it.

const ORDER = "the list in which the order of words counts";

const EXPECTED = {
  "no scaling":
    `The two sentences are learned all the same; the weights of attention are sharper from the beginning. Of ${ORDER} every pair is learned too, but fewer of those held out are said rightly.`,
  "no causal mask":
    `The loss falls as low, but the decoder has learned to look at the word that it should say. Of the two sentences both may still be right; of ${ORDER}, hardly one of 18 is.`,
  "no positions":
    `The two sentences are learned all the same, for their words differ; but with its words in any other order, a sentence becomes the very same. Of ${ORDER} no more than 12 of 18 pairs can be learned: the others have the words of one of these.`,
  "norm before the sublayer":
    `The two sentences and ${ORDER} are learned about as fast; the figures of the norm show where it stands.`,
  "one head":
    `The two sentences and ${ORDER} are learned about as fast; the figures of attention have one picture each.`,
  "one layer":
    `The two sentences and ${ORDER} are learned about as fast; the figures have no second layer to choose.`,
  "gradient descent":
    `At the same learning rate it is slower: after 100 steps the loss of the two sentences is about twice Adam's, and of ${ORDER} no pair is learned by then.`,
  "no smoothing":
    "The answers are the same; the loss falls to nearly 0 in place of its floor, and the right words get nearly all of the probability.",
  "ten times the learning rate":
    `The two sentences bear it. Of ${ORDER} every pair is learned too, but fewer of those held out are said rightly.`,
  "another seed":
    "Every number is another, and the two sentences are learned all the same; what becomes of sentences that are not learned may differ.",
};
