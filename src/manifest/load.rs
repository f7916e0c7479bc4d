//! Finds and reads the files of a stack: the only place of manifest reading that touches the disk.

#![expect(
    clippy::disallowed_methods,
    reason = "the one door through which manifests come in"
)]

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::{ENVIRONMENTS, STACK_FILE, Sources};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// The longest manifest that is read. Ten thousand tasks written out take half of it; what is longer was not meant.
const LONGEST_MANIFEST: u64 = 8 << 20;

/// Reads every `*.toml` below `root` that belongs to the stack.
///
/// Left out are hidden files and directories, and nested stacks. A link to a file within the stack is read; one that
/// leads outside is not, since who reviews the stack does not see what it brings in, and a warning says so. What cannot
/// be read is a diagnostic, and the rest is read all the same.
pub fn load(root: &Path) -> (Sources, Diagnostics) {
    let mut found = Found::default();
    match root.canonicalize() {
        Ok(real_root) => walk(&real_root, root, "", &mut found),
        Err(error) => found.unreadable.push((".".to_owned(), error)),
    }
    let mut sources = Sources::new(found.texts);
    let mut diagnostics = Diagnostics::default();
    sources.complete = found.unreadable.is_empty() && found.garbled.is_empty();
    for (path, error) in found.unreadable {
        diagnostics.push(Diagnostic::unplaced(
            Code::UnreadableManifest,
            format!("`{path}` cannot be read: {error}"),
        ));
    }
    for path in found.outside {
        diagnostics.push(
            Diagnostic::unplaced(
                Code::OutsideStack,
                format!("`{path}` is a link that leads outside the stack, so it is not read"),
            )
            .help("copy what it leads to into the stack")
            .warning(),
        );
    }
    for (path, bytes, valid_up_to) in found.garbled {
        let mut text = String::from_utf8_lossy(&bytes[..valid_up_to]).into_owned();
        text.push(char::REPLACEMENT_CHARACTER);
        let end = text.len();
        let source = sources.map.add(SourceFile { path, text });
        let span = Span {
            source,
            start: valid_up_to,
            end,
        };
        diagnostics.push(
            Diagnostic::error(
                Code::UnreadableManifest,
                span,
                "the text is not UTF-8 from here on",
            )
            .help("save the file as UTF-8"),
        );
    }
    (sources, diagnostics)
}

/// What the walk came upon.
#[derive(Default)]
struct Found {
    texts: Vec<SourceFile>,
    unreadable: Vec<(String, io::Error)>,
    /// Path, content, and how many bytes of it are UTF-8.
    garbled: Vec<(String, Vec<u8>, usize)>,
    /// Links that lead outside.
    outside: Vec<String>,
}

/// Reads the manifests of one directory and of those below it; `below` is its path from the root, with a final `/`.
fn walk(real_root: &Path, directory: &Path, below: &str, found: &mut Found) {
    let entries =
        match std::fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(mut entries) => {
                entries.sort_by_key(std::fs::DirEntry::file_name);
                entries
            }
            Err(error) => {
                let name = if below.is_empty() { "." } else { below };
                found.unreadable.push((name.to_owned(), error));
                return;
            }
        };
    if !below.is_empty() && entries.iter().any(|entry| entry.file_name() == STACK_FILE) {
        return;
    }
    for entry in entries {
        let name = entry.file_name();
        // A name that is no UTF-8 cannot be shown, named as a seed or put into a plan.
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = format!("{below}{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                // Below `env/` only the environments themselves count.
                if !path.starts_with(&format!("{ENVIRONMENTS}/")) {
                    walk(real_root, &entry.path(), &format!("{path}/"), found);
                }
            }
            Ok(kind) if kind.is_file() && is_toml(&entry.path()) => {
                read(&entry.path(), path, found);
            }
            Ok(kind) if kind.is_symlink() => follow(real_root, &entry.path(), path, found),
            Ok(_) => {}
            Err(error) => found.unreadable.push((path, error)),
        }
    }
}

/// Reads the manifest that a link leads to. Directories are not entered through links: what is within the stack is found
/// without them, and they may lead in a circle.
fn follow(real_root: &Path, link: &Path, path: String, found: &mut Found) {
    let target = match link.canonicalize() {
        Ok(target) => target,
        Err(error) if is_toml(link) => {
            found.unreadable.push((path, error));
            return;
        }
        // A broken link to something that is no manifest is nobody's business here.
        Err(_) => return,
    };
    if !target.is_dir() && !is_toml(link) {
        return;
    }
    if !target.starts_with(real_root) {
        found.outside.push(path);
    } else if target.is_file() {
        read(&target, path, found);
    }
}

fn is_toml(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("toml"))
}

fn read(file: &Path, path: String, found: &mut Found) {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    if length > LONGEST_MANIFEST {
        let mib = LONGEST_MANIFEST >> 20;
        let error = io::Error::other(format!("it is longer than {mib} MiB"));
        found.unreadable.push((path, error));
        return;
    }
    match std::fs::read(file) {
        Err(error) => found.unreadable.push((path, error)),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => found.texts.push(SourceFile { path, text }),
            Err(error) => {
                let valid_up_to = error.utf8_error().valid_up_to();
                found.garbled.push((path, error.into_bytes(), valid_up_to));
            }
        },
    }
}
