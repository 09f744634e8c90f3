//! What is seen only once a reader has chosen it takes most of a page's room, and is much alike: it is taken out of the
//! drawings and packed. The script puts it back before it does anything else; without a script nobody could choose it.

/// Takes what the groups of the class `off` contain out of a page, and puts it behind `parts`; each group says by
/// `data-part` which of these was its own.
pub(super) fn taken_out(html: &str, parts: &mut Vec<String>) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(OFF) {
        let (before, group) = rest.split_at(at);
        let (inside, after) = group_end(&group[OFF.len()..]);
        kept += &format!("{before} class=\"off\" data-part=\"{}\">", parts.len());
        parts.push(inside.to_owned());
        rest = after;
    }
    kept + rest
}

/// How the tag of a group ends that is not seen.
const OFF: &str = " class=\"off\">";

/// What is inside a group whose tag has just ended, and what comes after it, from its end on.
fn group_end(text: &str) -> (&str, &str) {
    let (mut depth, mut at) = (1, 0);
    while let Some(next) = text[at..].find('<') {
        at += next;
        let tag = &text[at..];
        if tag.starts_with("</g>") {
            depth -= 1;
        } else if tag.starts_with("<g>") || tag.starts_with("<g ") {
            depth += 1;
        }
        if depth == 0 {
            return text.split_at(at);
        }
        at += 1;
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_taken_out_with_all_that_is_in_it() {
        let off = |inside: &str| format!("<g data-when=\"pass=1\" class=\"off\">{inside}</g>");
        let inner = format!("<g class=\"cell\"><g><text>1</text></g></g>{}", off("<rect></rect>"));
        let html = format!("<svg><g>a</g>{}<g>b</g>{}</svg>", off(&inner), off("c"));
        let mut parts = vec!["before".to_string()];
        let kept = taken_out(&html, &mut parts);
        assert_eq!(parts, ["before", inner.as_str(), "c"]);
        let group = |part: usize| format!("<g data-when=\"pass=1\" class=\"off\" data-part=\"{part}\"></g>");
        assert_eq!(kept, format!("<svg><g>a</g>{}<g>b</g>{}</svg>", group(1), group(2)));
    }
}
