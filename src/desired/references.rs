//! References: the names by which one block speaks of another.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::listed;
use super::instances::Keys;
use crate::address::{Address, Kind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean};
use crate::source::Spanned;

/// Everything that can be referred to.
pub(super) struct References {
    /// What each label stands for.
    pub(super) index: BTreeMap<Address, Keys>,
}

impl References {
    /// The resource of a kind that a field names by its label: `shop`, or `shop["00"]` of one with `for_each`.
    pub(super) fn resolve(
        &self,
        kind: Kind,
        name: Spanned<&str>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Address> {
        let Ok(address) = format!("{kind}.{}", name.value).parse::<Address>() else {
            diagnostics.push(self.not_a_label(kind, name));
            return None;
        };
        let Some(keys) = self.index.get(&address.block()) else {
            diagnostics.push(self.unknown(&address, name));
            return None;
        };
        if !keys.certain {
            return None;
        }
        match (&address.key, &keys.keys) {
            (None, None) => Some(address),
            (Some(key), Some(keys)) if keys.contains(key) => Some(address),
            (None, Some(keys)) => {
                let diagnostic = Diagnostic::error(
                    Code::WrongReference,
                    name.span,
                    format!("`{address}` has `for_each`: there is one for each of its keys"),
                )
                .label(self.index[&address].span, "declared here");
                diagnostics.push(match keys.first() {
                    Some(key) => diagnostic.help(format!(
                        "name one of them: '{}'",
                        label_with_key(&address.with_key(key))
                    )),
                    None => diagnostic.help("its `for_each` is empty, so there is none"),
                });
                None
            }
            (Some(_), None) => {
                diagnostics.push(
                    Diagnostic::error(
                        Code::WrongReference,
                        name.span,
                        format!("`{}` has no `for_each`, so it has no keys", address.block()),
                    )
                    .help(format!("write \"{}\"", address.label)),
                );
                None
            }
            (Some(key), Some(keys)) => {
                diagnostics.push(no_such_key(&address, key, keys, name));
                None
            }
        }
    }

    /// The resources that an address of `depends_on` names: of a block with `for_each`, all of its instances.
    pub(super) fn resolve_address(
        &self,
        name: Spanned<&str>,
        diagnostics: &mut Diagnostics,
    ) -> BTreeSet<Address> {
        let nothing = BTreeSet::new();
        let Ok(address) = name.value.parse::<Address>() else {
            let diagnostic = Diagnostic::error(
                Code::UnknownReference,
                name.span,
                format!("`{}` is not an address", name.value),
            );
            let bare = self.index.keys().find(|known| known.label == name.value);
            diagnostics.push(match bare {
                Some(known) => diagnostic.help(format!("write \"{known}\"")),
                None => diagnostic.help("addresses look like `task.orders`"),
            });
            return nothing;
        };
        let block = address.block();
        let Some(known) = self.index.get(&block) else {
            diagnostics.push(self.unknown(&address, name));
            return nothing;
        };
        match (&address.key, &known.keys) {
            _ if !known.certain => nothing,
            (None, None) => BTreeSet::from([address]),
            (None, Some(keys)) => keys.iter().map(|key| block.with_key(key)).collect(),
            (Some(key), Some(keys)) if keys.contains(key) => BTreeSet::from([address]),
            (Some(key), keys) => {
                let none = BTreeSet::new();
                let keys = keys.as_ref().unwrap_or(&none);
                diagnostics.push(no_such_key(&address, key, keys, name));
                nothing
            }
        }
    }

    /// Nothing has this address.
    fn unknown(&self, address: &Address, name: Spanned<&str>) -> Diagnostic {
        let Address { kind, label, .. } = address;
        let elsewhere = self.index.keys().find(|known| &known.label == label);
        if let Some(elsewhere) = elsewhere {
            return Diagnostic::error(
                Code::WrongReference,
                name.span,
                format!(
                    "`{label}` is a {}; a {} is needed here",
                    elsewhere.kind.noun(),
                    kind.noun()
                ),
            )
            .label(self.index[elsewhere].span, "declared here");
        }
        let diagnostic = Diagnostic::error(
            Code::UnknownReference,
            name.span,
            format!("no {} is named `{label}`", kind.noun()),
        );
        let labels = || {
            self.index
                .keys()
                .filter(|known| known.kind == *kind)
                .map(|known| known.label.as_str())
        };
        match did_you_mean(label, labels()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if labels().next().is_none() => {
                diagnostic.help(format!("declare it: [{kind}.{label}]"))
            }
            // A long list helps nobody who has mistyped nothing on it.
            None if labels().count() > 8 => diagnostic,
            None => diagnostic.help(format!("known: {}", listed(labels()))),
        }
    }

    /// The text is neither a label nor a label with a key.
    fn not_a_label(&self, kind: Kind, name: Spanned<&str>) -> Diagnostic {
        match name.value.parse::<Address>() {
            Ok(address) if address.kind == kind => Diagnostic::error(
                Code::UnknownReference,
                name.span,
                format!("this field names a {} by its label alone", kind.noun()),
            )
            .help(format!("write '{}'", label_with_key(&address))),
            Ok(address) => Diagnostic::error(
                Code::WrongReference,
                name.span,
                format!(
                    "`{}` is a {}; a {} is needed here",
                    name.value,
                    address.kind.noun(),
                    kind.noun()
                ),
            ),
            Err(_) => Diagnostic::error(
                Code::UnknownReference,
                name.span,
                format!("`{}` is not the label of a {}", name.value, kind.noun()),
            )
            .help("labels look like `shop`, or `shop[\"00\"]` with a key of `for_each`"),
        }
    }
}

fn no_such_key(
    address: &Address,
    key: &str,
    keys: &BTreeSet<String>,
    name: Spanned<&str>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code::UnknownReference,
        name.span,
        format!("`{}` has no key `{key}`", address.block()),
    );
    match did_you_mean(key, keys.iter().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if keys.len() > 8 => diagnostic,
        None => diagnostic.help(format!(
            "its keys: {}",
            listed(keys.iter().map(String::as_str))
        )),
    }
}

/// An address without its kind, as reference fields have it.
fn label_with_key(address: &Address) -> String {
    match &address.key {
        Some(key) => format!("{}[{key:?}]", address.label),
        None => address.label.clone(),
    }
}
