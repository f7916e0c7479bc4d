//! What the service says, made fit to be shown: no secrets, no control characters, no novels.

use crate::api::sign::percent_encode;
use crate::secret::Secret;

/// The longest message that is kept, in characters. The service's own are one sentence; what is longer is a page of
/// HTML or a request played back.
const LONGEST: usize = 500;

/// Stands where a secret stood.
const MASK: &str = "***";

/// The text, with every secret masked, on one line and bounded.
pub(super) fn legible(text: &str, secrets: &[Secret]) -> String {
    // Masked first: a cut or a removed character could leave a part of a secret that no longer looks like it.
    let masked = mask(text, secrets);
    let mut out = String::new();
    for (count, c) in masked.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        out.push(if is_unfit(c) { ' ' } else { c });
    }
    out.trim().to_owned()
}

/// Control characters move cursors and ring bells; bidirectional ones let a text lie about its order.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Masks each secret in every spelling that it had on its way: as it is, inside JSON text, and percent-encoded once or
/// twice, as in a text to sign that is played back.
fn mask(text: &str, secrets: &[Secret]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets {
        for spelling in spellings(secret.reveal()) {
            masked = masked.replace(&spelling, MASK);
        }
    }
    masked
}

/// Longest first, so that no shorter spelling leaves the rest of a longer one behind.
fn spellings(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let in_json = quoted[1..quoted.len() - 1].to_owned();
    let mut spellings = vec![secret.to_owned()];
    for plain in [in_json, secret.to_owned()] {
        let once = percent_encode(&plain);
        spellings.extend([
            percent_encode(&once),
            form_urlencoded::byte_serialize(plain.as_bytes()).collect(),
            once,
            plain,
        ]);
    }
    spellings.retain(|spelling| !spelling.is_empty());
    spellings.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_every_spelling() {
        let raw = "p\"w d/ü";
        let secrets = [Secret::new(raw.into())];
        let json = serde_json::json!({ "password": raw }).to_string();
        let once = percent_encode(&json);
        let twice = percent_encode(&once);
        let form: String = form_urlencoded::byte_serialize(raw.as_bytes()).collect();
        for text in [raw.to_owned(), json, once, twice, form] {
            let shown = legible(&text, &secrets);
            assert!(shown.contains(MASK), "{shown}");
            for part in ["w d", "w%20d", "w%2520d", "w+d"] {
                assert!(!shown.contains(part), "{shown}");
            }
        }
    }

    #[test]
    fn a_secret_across_the_cut_leaves_no_part_behind() {
        let secrets = [Secret::new("hunter2hunter2".into())];
        let text = format!("{}hunter2hunter2", "x".repeat(LONGEST - 5));
        assert!(!legible(&text, &secrets).contains("hunt"));
    }

    #[test]
    fn messages_stay_on_one_line_and_short() {
        assert_eq!(legible("a\u{1b}[31m\nb\u{202e}c", &[]), "a [31m b c");
        let long = legible(&"é".repeat(LONGEST * 2), &[]);
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
