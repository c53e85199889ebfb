//! Promise: the walls of the house hold. ARCHITECTURE.md says which crate and which room may know which, and this is what is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use house_tests::{Import, imports, of_one_system, project, table};
use serde_json::Value;

/// The words in backticks.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo).args(arguments).current_dir(project()).output().expect("cargo starts");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// Our crates, and which of ours each depends on to do its work.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let told: Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--no-deps", "--format-version", "1"])).expect("JSON");
    let packages = told["packages"].as_array().expect("packages");
    let published = packages.iter().filter(|package| package["publish"].is_null());
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let ours: BTreeSet<String> = published.clone().map(name).collect();
    let needs = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        let work = all.filter(|dependency| dependency["kind"] != "dev");
        work.map(name).filter(|name| ours.contains(name)).collect()
    };
    published.map(|package| (name(package), needs(package))).collect()
}

#[test]
fn each_crate_uses_those_of_ours_that_it_may() {
    let may: BTreeMap<String, BTreeSet<String>> =
        table("Crates").iter().map(|row| (names(&row[0]).pop_first().expect("a crate"), names(&row[2]))).collect();
    assert_eq!(crates(), may);
}

#[test]
fn no_crate_brings_what_it_must_not_know() {
    for row in table("Crates") {
        let name = names(&row[0]).pop_first().expect("a crate");
        let mut arguments = vec!["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package", &name];
        if name == "ravi-workspace-core" {
            arguments.extend(["--features", "full"]);
        }
        let tree = cargo(&arguments);
        let brought: BTreeSet<String> =
            tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
        let forbidden: Vec<String> = names(&row[3]).intersection(&brought).cloned().collect();
        assert_eq!(forbidden, Vec::<String>::new(), "{name}");
    }
}

/// The rooms of the engine from the ground up.
fn floors() -> Vec<String> {
    table("Rooms of the engine").iter().map(|row| names(&row[0]).pop_first().expect("a room")).collect()
}

fn engine() -> Vec<Import> {
    let all = imports(&project().join("crates/ravi-workspace-core/src"));
    // Crates that lib.rs hands out under the names of rooms.
    all.into_iter().filter(|import| !["ravi_api", "ravi_error", "secrecy"].contains(&import.to.as_str())).collect()
}

#[test]
fn each_room_of_the_engine_knows_only_those_below_it() {
    let floors = floors();
    let floor = |room: &str| floors.iter().position(|one| one == room);
    let imports = engine();
    assert!(imports.len() > 100, "the sources are not read");
    let wrong: Vec<String> = imports
        .iter()
        .filter(|import| floor(&import.from).zip(floor(&import.to)).is_none_or(|(from, to)| from < to))
        .map(|Import { from, to, file, path }| format!("{from} uses {to}: {} names {path}", file.display()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_room_of_the_engine_is_in_the_table() {
    let sources = project().join("crates/ravi-workspace-core/src");
    let there = std::fs::read_dir(sources).expect("a folder").flatten().map(|entry| entry.path());
    let rooms = there.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).filter(|name| name != "lib");
    assert_eq!(floors().into_iter().collect::<BTreeSet<_>>(), rooms.collect::<BTreeSet<_>>());
}

/// The sources of our crates.
fn sources() -> Vec<PathBuf> {
    let crates = std::fs::read_dir(project().join("crates")).expect("a folder").flatten();
    crates.map(|entry| entry.path().join("src")).chain([project().join("src")]).collect()
}

#[test]
fn only_the_places_in_the_table_know_the_operating_system() {
    let may: Vec<String> =
        table("Operating systems").iter().map(|row| names(&row[0]).pop_first().expect("a place")).collect();
    let place_of = |file: &str| may.iter().find(|place| file == *place || file.starts_with(&format!("{place}/")));
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for (file, name) in sources().iter().flat_map(|sources| of_one_system(sources)) {
        let file = file.strip_prefix(project()).expect("below").to_string_lossy().into_owned();
        match place_of(&file) {
            Some(place) => drop(used.insert(place.clone())),
            None => wrong.push(format!("{file} names {name}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(used, may.into_iter().collect::<BTreeSet<_>>(), "places that know no system");
}
