//! What the modules of a crate name of each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, UseTree, Visibility};

/// A module names something in another room of the same crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The room that the module is in.
    pub from: String,
    /// The room that it names.
    pub to: String,
    /// The file, below the crate's sources.
    pub file: PathBuf,
    /// What it names, such as `crate::ledger::Ledger`.
    pub path: String,
}

/// All imports between the rooms below `sources`: modules declared in `lib.rs`. What `lib.rs` itself hands out counts as in the
/// room that it comes from. Tests are left out: they may look into everything.
pub fn imports(sources: &Path) -> Vec<Import> {
    let root = parse(&sources.join("lib.rs"));
    let exported = exported(&root);
    let mut found = Vec::new();
    for file in files(sources) {
        let relative = file.strip_prefix(sources).expect("below").to_owned();
        let module = module_of(&relative);
        let Some(room) = module.first().cloned() else { continue };
        let mut named = Named { module, paths: Vec::new() };
        named.visit_file(&parse(&file));
        for path in named.paths {
            let Some(first) = path.first() else { continue };
            let mut to = first;
            while let Some(from) = exported.get(to).filter(|from| *from != to) {
                to = from;
            }
            if *to != room {
                let path = format!("crate::{}", path.join("::"));
                found.push(Import { from: room.clone(), to: to.clone(), file: relative.clone(), path });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

pub(crate) fn parse(file: &Path) -> syn::File {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// The sources below a folder, without tests.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            all.push(path);
        }
    }
    all.retain(|path| !path.iter().any(|part| part == "tests"));
    all
}

/// `ledger/mod.rs` is `ledger`, `ledger/row.rs` is `ledger::row`, `lib.rs` is nothing.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The names that `lib.rs` hands out, and the room each comes from.
fn exported(root: &syn::File) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for item in &root.items {
        let syn::Item::Use(ItemUse { tree, vis: Visibility::Public(_), .. }) = item else { continue };
        if let UseTree::Rename(whole) = tree {
            names.insert(whole.rename.to_string(), whole.ident.to_string());
        }
        for path in paths(tree) {
            if let (Some(first), Some(last)) = (path.first(), path.last()) {
                names.insert(last.clone(), first.clone());
            }
        }
    }
    names
}

/// Every path of a tree of imports, without what it is renamed to.
pub(crate) fn paths(tree: &UseTree) -> Vec<Vec<String>> {
    match tree {
        UseTree::Path(path) => {
            let below = paths(&path.tree).into_iter();
            below.map(|rest| [vec![path.ident.to_string()], rest].concat()).collect()
        }
        UseTree::Name(name) if name.ident == "self" => vec![Vec::new()],
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        UseTree::Rename(rename) if rename.ident == "self" => vec![Vec::new()],
        UseTree::Rename(rename) => vec![vec![rename.ident.to_string()]],
        UseTree::Glob(_) => vec![Vec::new()],
        UseTree::Group(group) => group.items.iter().flat_map(paths).collect(),
    }
}

/// Collects the paths of one module, from the root of its crate.
struct Named {
    module: Vec<String>,
    paths: Vec<Vec<String>>,
}

impl Named {
    fn add(&mut self, path: &[String]) {
        let mut place = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self") => self.module.clone(),
            Some("super") => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            _ => return,
        };
        for part in &path[1..] {
            match part.as_str() {
                "super" => drop(place.pop()),
                name => place.push(name.to_owned()),
            }
        }
        self.paths.push(place);
    }
}

impl Visit<'_> for Named {
    fn visit_item_use(&mut self, item: &ItemUse) {
        paths(&item.tree).iter().for_each(|path| self.add(path));
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.add(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.attrs.iter().any(is_test) {
            return;
        }
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }
}

pub(crate) fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|only| only == "test")
}
