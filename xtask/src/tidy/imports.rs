//! Which module of the engine may import which: the arrows of the architecture.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::tokens::{group, is_ident, is_path_separator, is_punct, line};
use super::{Finding, TrackedFile};

pub(super) fn check(file: &TrackedFile, tokens: &TokenStream, findings: &mut Vec<Finding>) {
    let Some(location) = Location::of(&file.path) else {
        return;
    };
    let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == location.module) else {
        findings.push(file.finding(
            1,
            format!("`{}` has no line in the table of allowed imports: add it to xtask/src/tidy/imports.rs, and to the arrows in ARCHITECTURE.md", location.module),
        ));
        return;
    };
    for Import { line, name } in imports(tokens, location.depth) {
        if name != location.module && !allowed.contains(&name.as_str()) {
            let module = &location.module;
            let allowed = match allowed.join(", ") {
                none if none.is_empty() => "nothing of the engine".to_owned(),
                some => format!("only {some}"),
            };
            findings.push(file.finding(
                line,
                format!("`{module}` imports `{name}` and may import {allowed}: move what both need to where both may look, or pass it in"),
            ));
        }
    }
}

/// Where a file of the engine is in its tree of modules.
struct Location {
    /// The module right below the crate's root.
    module: String,
    /// How many modules lie between the crate's root and the content of the file, its own included.
    depth: usize,
}

impl Location {
    /// `None` for files outside the engine, and for its root, which names all modules.
    fn of(path: &str) -> Option<Self> {
        let path = path.strip_prefix("src/")?.strip_suffix(".rs")?;
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let module = path.split('/').next()?;
        (module != "lib")
            .then(|| Self { module: module.to_owned(), depth: path.split('/').count() })
    }
}

/// A name right below the crate's root that a path goes through: a module, an item re-exported there, or `*`.
struct Import {
    line: usize,
    name: String,
}

/// Every path that starts at the crate's root, by `crate::` or by as many `super::` as lead there.
fn imports(stream: &TokenStream, depth: usize) -> Vec<Import> {
    let tokens: Vec<_> = stream.clone().into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(inner) = token {
            let is_module = index >= 2
                && is_ident(tokens.get(index - 2), "mod")
                && inner.delimiter() == Delimiter::Brace;
            found.extend(imports(&inner.stream(), depth + usize::from(is_module)));
        }
        let starts_a_path = index < 2 || !is_path_separator(&tokens, index - 2);
        if starts_a_path && let Some(target) = leave_module(&tokens[index..], depth) {
            names(&tokens[index + target..], &mut found);
        }
    }
    found
}

/// How many tokens lead to the crate's root, if the path at the start of `tokens` goes there.
fn leave_module(tokens: &[TokenTree], depth: usize) -> Option<usize> {
    if is_ident(tokens.first(), "crate") && is_path_separator(tokens, 1) {
        return Some(3);
    }
    let mut length = 0;
    while is_ident(tokens.get(length), "super") && is_path_separator(tokens, length + 1) {
        length += 3;
    }
    (length > 0 && length / 3 >= depth).then_some(length)
}

/// The names that follow: one, or those of a braced list.
fn names(tokens: &[TokenTree], found: &mut Vec<Import>) {
    if let Some(list) = group(tokens.first(), Delimiter::Brace) {
        let tokens: Vec<_> = list.stream().into_iter().collect();
        for path in tokens.split(|token| is_punct(Some(token), ',')) {
            names(path, found);
        }
    } else if let Some(token) = tokens.first() {
        found.push(Import { line: line(token), name: token.to_string() });
    }
}

/// Each module of the engine with the modules that it may import, besides itself.
pub(super) const ALLOWED: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("protocol", &["limits"]),
    ("buffer", &["limits"]),
    ("driver", &["buffer", "limits"]),
    ("random", &["limits"]),
    ("tls", &["buffer", "limits"]),
    // What a client asks for and why it fails is the same on a loop, so workers know it; it does not know them.
    ("client", &["limits", "protocol", "random", "tls"]),
    ("config", &["limits", "protocol", "tls"]),
    ("guide", &[]),
    ("handler", &["client", "config", "limits", "protocol", "tls", "worker"]),
    (
        "worker",
        &["buffer", "client", "config", "driver", "handler", "limits", "protocol", "random", "tls"],
    ),
    ("serve", &["config", "handler", "protocol", "server"]),
    ("server", &["config", "driver", "handler", "limits", "worker"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{NOTHING, lines_found};

    #[test]
    fn an_allowed_import_and_the_own_module_pass() {
        let text =
            "use crate::limits::X;\nuse crate::driver::Y;\nuse std::io;\npub(crate) fn f() {}";
        assert_eq!(found("src/driver/epoll.rs", text), NOTHING);
    }

    #[test]
    fn a_forbidden_import_is_found_in_use_items_and_in_expressions() {
        assert_eq!(found("src/protocol/frame.rs", "\nuse crate::worker::Clock;"), [2]);
        assert_eq!(
            found("src/protocol/frame.rs", "fn f() {\n  g(crate::driver::epoll::new())\n}"),
            [2]
        );
    }

    #[test]
    fn every_name_of_a_braced_list_is_judged() {
        assert_eq!(
            found("src/driver/mod.rs", "use crate::{\nbuffer::{A, B},\nprotocol::C,\nworker};"),
            [3, 4]
        );
    }

    #[test]
    fn super_is_followed_to_the_root_and_not_further() {
        assert_eq!(found("src/driver/uring/ring.rs", "use super::super::epoll;"), NOTHING);
        assert_eq!(found("src/driver/uring/ring.rs", "use super::super::super::worker;"), [1]);
        assert_eq!(found("src/driver/mod.rs", "mod tests { use super::*; }"), NOTHING);
        assert_eq!(found("src/driver/mod.rs", "use super::*;"), [1]);
    }

    #[test]
    fn a_reexport_at_the_root_is_no_detour() {
        assert_eq!(found("src/driver/mod.rs", "use crate::Handler;"), [1]);
    }

    #[test]
    fn comments_strings_and_other_crates_are_not_imports() {
        assert_eq!(
            found(
                "src/protocol/mod.rs",
                "// use crate::worker;\nconst A: &str = \"crate::worker\";"
            ),
            NOTHING
        );
        assert_eq!(found("crates/server/src/main.rs", "use crate::worker;"), NOTHING);
        assert_eq!(found("src/lib.rs", "pub use crate::worker::Context;"), NOTHING);
    }

    #[test]
    fn a_module_without_a_line_in_the_table_is_found() {
        assert_eq!(found("src/helpers.rs", "fn f() {}"), [1]);
    }

    fn found(path: &str, text: &str) -> Vec<usize> {
        lines_found(path, text, check)
    }
}
