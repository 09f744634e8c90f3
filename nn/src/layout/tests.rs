use super::*;

fn layout(settings: &[(&'static str, &str)], parameters: &[(&str, usize)]) -> Layout {
    let mut layout = Layout::new(settings.iter().map(|&(name, value)| (name.to_string(), value.to_string())));
    for &(name, len) in parameters {
        layout.declare(name, [len]);
    }
    layout
}

#[test]
fn what_differs_is_named() {
    let two_heads = [("d_model", "8"), ("n_heads", "2")];
    let expected = layout(&two_heads, &[("weight", 3), ("bias", 1)]);
    let problem = |found: &Layout| expected.check(found).unwrap_err().to_string();
    for (found, difference) in [
        (
            layout(&[("d_model", "8"), ("n_heads", "4")], &[("weight", 3), ("bias", 1)]),
            "n_heads 4 instead of 2",
        ),
        (layout(&[("d_model", "6")], &[]), "d_model 6 instead of 8, n_heads unknown instead of 2"),
        (layout(&two_heads, &[("weight", 2), ("bias", 1)]), "`weight` [2] instead of `weight` [3]"),
        (layout(&two_heads, &[("bias", 1), ("weight", 3)]), "`bias` [1] instead of `weight` [3]"),
        (layout(&two_heads, &[("weight", 3)]), "1 instead of 2 parameters"),
    ] {
        assert_eq!(problem(&found), format!("these parameters are of another model: {difference}"));
        assert!(found != expected);
    }
}

#[test]
fn the_same_content_fits_and_so_does_what_goes_on_from_it() {
    let parameters = [("weight", 3), ("bias", 1), ("more", 5)];
    let whole = layout(&[("n_heads", "2")], &parameters);
    assert!(whole == layout(&[("n_heads", "2")], &parameters));
    for len in 0..parameters.len() {
        let beginning = layout(&[("n_heads", "2")], &parameters[..len]);
        beginning.check(&whole).unwrap();
        assert!(whole.check(&beginning).is_err() && beginning != whole);
    }
}

#[test]
fn an_id_is_found_by_every_layout_that_is_the_same_up_to_it() {
    let ours = layout(&[], &[("weight", 3), ("bias", 1)]);
    let id = ours.id("bias").unwrap();
    assert_eq!(ours.position(id), 1);
    assert_eq!(layout(&[], &[("weight", 3), ("bias", 1), ("more", 5)]).position(id), 1);
    assert_eq!(format!("{id:?}"), "ParamId(1, `bias`)");
}

#[test]
#[should_panic(
    expected = "the id of `bias` is of another model than these parameters, of which number 1 is `bias` [1]"
)]
fn an_id_belongs_to_what_comes_before_it_too() {
    let id = layout(&[], &[("weight", 3), ("bias", 1)]).id("bias").unwrap();
    layout(&[], &[("weight", 4), ("bias", 1)]).position(id);
}

#[test]
#[should_panic(
    expected = "the id of `bias` is of another model than these parameters, which have no number 1"
)]
fn an_id_of_a_larger_store_panics() {
    let id = layout(&[], &[("weight", 3), ("bias", 1)]).id("bias").unwrap();
    layout(&[], &[("weight", 3)]).position(id);
}

#[test]
#[should_panic(expected = "declare: the name `bias` is taken")]
fn a_name_stands_once() {
    layout(&[], &[("bias", 1), ("bias", 1)]);
}

#[test]
fn of_a_long_name_its_end_is_shown() {
    let name = format!("encoder.{}é.weight", "x".repeat(60));
    assert_eq!(Label::new(&name).to_string(), name[name.len() - Label::LEN..]);
    let name = format!("é{}", "x".repeat(Label::LEN - 1)); // cut inside the letter
    assert_eq!(Label::new(&name).to_string(), "x".repeat(Label::LEN - 1));
}
