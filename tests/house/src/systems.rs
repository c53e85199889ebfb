//! What sources name of one operating system.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, LitStr, Macro, Meta};

use crate::imports::{files, is_test, parse, paths};

/// Crates with the calls of one system.
const CRATES: [&str; 7] = ["libc", "libproc", "mach2", "nix", "rustix", "winapi", "windows_sys"];

/// Modules of other crates for one system, such as `tokio::signal::unix`.
const MODULES: [&str; 2] = ["unix", "windows"];

/// What a condition may say of the system that is compiled for.
const CONDITIONS: [&str; 6] = ["unix", "windows", "target_env", "target_family", "target_os", "target_vendor"];

/// The files below `sources` that name one system, and what they name. Tests are left out.
pub fn of_one_system(sources: &Path) -> Vec<(PathBuf, String)> {
    let found = files(sources).into_iter().flat_map(|file| {
        let mut named = Named::default();
        named.visit_file(&parse(&file));
        named.0.into_iter().map(move |name| (file.clone(), name))
    });
    found.collect()
}

/// Collects what a file names.
#[derive(Default)]
struct Named(BTreeSet<String>);

impl Named {
    fn path(&mut self, path: &[String]) {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let of_std = matches!(parts.as_slice(), ["std" | "core", "os", ..]);
        let of_crate = parts.first().is_some_and(|first| CRATES.contains(first));
        let of_module = parts.len() > 1 && parts.iter().any(|part| MODULES.contains(part));
        if of_std || of_crate || of_module {
            self.0.insert(parts.join("::"));
        }
    }

    /// Paths and conditions in what a macro is given, which has no grammar of its own.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut goes_on = false;
        for token in tokens {
            let is_colon = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == ':');
            if !is_colon && !goes_on {
                self.path(&std::mem::take(&mut path));
            }
            goes_on = is_colon;
            match token {
                TokenTree::Ident(name) => path.push(name.to_string()),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
        self.path(&path);
    }

    fn condition(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) if CONDITIONS.iter().any(|one| name == one) => {
                    self.0.insert(format!("cfg({name})"));
                }
                TokenTree::Group(group) => self.condition(group.stream()),
                _ => {}
            }
        }
    }
}

impl Visit<'_> for Named {
    fn visit_item_use(&mut self, item: &ItemUse) {
        paths(&item.tree).iter().for_each(|path| self.path(path));
        visit::visit_item_use(self, item);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.path(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, attribute: &Attribute) {
        if let Meta::List(list) = &attribute.meta
            && (list.path.is_ident("cfg") || list.path.is_ident("cfg_attr"))
        {
            self.condition(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, call: &Macro) {
        if call.path.is_ident("cfg") {
            self.condition(call.tokens.clone());
        } else {
            self.tokens(call.tokens.clone());
        }
    }

    fn visit_lit_str(&mut self, text: &LitStr) {
        if Path::new(&text.value()).starts_with("/proc") {
            self.0.insert(text.value());
        }
    }

    fn visit_item_mod(&mut self, module: &ItemMod) {
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut named = Named::default();
        named.visit_file(&syn::parse_file(text).unwrap());
        named.0.into_iter().collect()
    }

    #[test]
    fn whatever_names_one_system_is_found() {
        for (text, name) in [
            ("use std::os::unix::fs::MetadataExt as _;", "std::os::unix::fs::MetadataExt"),
            ("use std::{fs, os::fd::OwnedFd};", "std::os::fd::OwnedFd"),
            ("fn f() { rustix::process::geteuid(); }", "rustix::process::geteuid"),
            ("fn f() { assert!(x(1), std::os::unix::f()); }", "std::os::unix::f"),
            ("fn f() { use tokio::signal::unix::signal; }", "tokio::signal::unix::signal"),
            ("#[cfg(not(target_os = \"linux\"))] fn f() {}", "cfg(target_os)"),
            ("#[cfg_attr(windows, path = \"x\")] mod x;", "cfg(windows)"),
            ("fn f() { if cfg!(all(unix, test)) {} }", "cfg(unix)"),
            ("const A: &str = \"/proc/self\";", "/proc/self"),
        ] {
            assert_eq!(found(text), [name], "{text}");
        }
    }

    #[test]
    fn what_holds_on_all_systems_and_what_tests_need_is_no_concern() {
        let text =
            "use std::{env, io}; mod os {} #[cfg(feature = \"unix\")] fn f(windows: u8) -> u8 { os::x(); windows }
            #[cfg(test)] mod tests { use std::os::unix::fs::symlink; }";
        assert_eq!(found(text), Vec::<String>::new());
    }
}
