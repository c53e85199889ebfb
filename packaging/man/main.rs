//! Makes the manual pages of `ravi-workspace`, one for each command, from the same words as `--help`.
//!
//! `ravi-workspace-man FOLDER DATE`, the date as `YYYY-MM-DD`. It is a program of its own so that nobody who installs
//! `ravi-workspace` builds what it needs.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, date] = args.as_slice() else {
        eprintln!("usage: ravi-workspace-man FOLDER DATE");
        return ExitCode::from(2);
    };
    match pages(Path::new(folder), date) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the pages cannot be written to {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pages(folder: &Path, date: &str) -> io::Result<()> {
    let mut command = ravi_workspace::command();
    command.build();
    let source = format!("ravi-workspace {}", command.get_version().unwrap_or_default());
    std::fs::create_dir_all(folder)?;
    page(&command, folder, date, &source)
}

/// Writes the page of a command and those of the commands below it.
fn page(command: &Command, folder: &Path, date: &str, source: &str) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        page(below, folder, date, source)?;
    }
    let more = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command.clone()).date(date).source(source).manual("ravi-workspace");
    let mut file = File::create(folder.join(man.get_filename()))?;
    man.render_title(&mut file)?;
    man.render_name_section(&mut file)?;
    man.render_synopsis_section(&mut file)?;
    man.render_description_section(&mut file)?;
    man.render_options_section(&mut file)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut file)?;
    }
    more_sections(more.as_deref().unwrap_or_default()).to_writer(&mut file)?;
    file.flush()
}

/// What stands below the options. Paragraphs are kept, and the table of variables becomes a list.
fn more_sections(text: &str) -> Roff {
    let mut roff = Roff::default();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let (heading, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let table = heading.ends_with(':') && rest.lines().all(|line| line.starts_with("  "));
        if !table {
            roff.control("PP", []);
            roff.text([roman(paragraph)]);
            continue;
        }
        roff.control("SH", [heading.trim_end_matches(':').to_uppercase().as_str()]);
        for line in rest.lines() {
            let (name, meaning) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            roff.control("TP", []);
            roff.text([bold(name)]);
            roff.text([roman(meaning.trim())]);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::pages;

    #[test]
    fn every_command_has_a_page_that_manual_readers_accept() {
        let dir = tempfile::tempdir().unwrap();
        pages(dir.path(), "2026-01-31").unwrap();
        let mut files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let text = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert!(files.len() > 50, "{files:?}");
        assert!(text("ravi-workspace.1").contains(".SH ENVIRONMENT\n"));
        assert!(text("ravi-workspace-hook-git-install.1").contains("2026-01-31"));
        for (reader, arguments) in [("man", ["--warnings", "--local-file"]), ("mandoc", ["-Tlint", "-Werror"])] {
            for file in &files {
                let mut command = Command::new(reader);
                let Ok(done) =
                    command.args(arguments).arg(file).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").output()
                else {
                    println!("skipped: {reader} is not installed");
                    break;
                };
                let complaints = if reader == "man" { &done.stderr } else { &done.stdout };
                let complaints = String::from_utf8_lossy(complaints);
                assert!(done.status.success() && complaints.is_empty(), "{reader} {}: {complaints}", file.display());
            }
        }
    }
}
