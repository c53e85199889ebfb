//! What a program says on its two outputs, read as it comes.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// The outputs of a program, and what was read from them.
#[derive(Debug)]
pub(crate) struct Outputs {
    stdout: Source,
    stderr: Source,
}

impl Outputs {
    /// Takes the outputs of a program that was started with pipes.
    pub(crate) fn of(child: &mut Child) -> Outputs {
        Outputs { stdout: Source::of(child.stdout.take()), stderr: Source::of(child.stderr.take()) }
    }

    /// Whether there may be more to read.
    pub(crate) fn are_open(&self) -> bool {
        self.stdout.open.is_some() || self.stderr.open.is_some()
    }

    /// The length of the longer one.
    pub(crate) fn length(&self) -> usize {
        self.stdout.bytes.len().max(self.stderr.bytes.len())
    }

    /// Waits until there is more to read, and reads some of it; `false` if there was nothing for so long.
    pub(crate) fn read(&mut self, longest: Duration) -> io::Result<bool> {
        let sources = [&self.stdout.open, &self.stderr.open];
        let mut waiting: Vec<PollFd<'_>> =
            sources.into_iter().flatten().map(|source| PollFd::new(source, PollFlags::IN)).collect();
        let longest = Timespec::try_from(longest).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        match poll(&mut waiting, Some(&longest)) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut ready = waiting.iter().map(|fd| !fd.revents().is_empty()).collect::<Vec<_>>().into_iter();
        for source in [&mut self.stdout, &mut self.stderr] {
            if source.open.is_some() && ready.next() == Some(true) {
                source.read()?;
            }
        }
        Ok(true)
    }

    /// What was read: standard output and standard error.
    pub(crate) fn into_bytes(self) -> (Vec<u8>, Vec<u8>) {
        (self.stdout.bytes, self.stderr.bytes)
    }
}

/// One of the outputs, until it is closed.
#[derive(Debug)]
struct Source {
    open: Option<File>,
    bytes: Vec<u8>,
}

impl Source {
    fn of(open: Option<impl Into<OwnedFd>>) -> Self {
        Source { open: open.map(|open| File::from(open.into())), bytes: Vec::new() }
    }

    fn read(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut piece = [0; 16 * 1024];
        match open.read(&mut piece) {
            Ok(0) => self.open = None,
            Ok(length) => self.bytes.extend_from_slice(&piece[..length]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }
}
