//! How a file is opened.

/// Whether a symbolic link as the last part of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// It is.
    Follow,
    /// It is refused.
    Refuse,
}

/// Whether a missing file is made, and with which permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Never,
    IfMissing(u32),
    Always(u32),
}

/// What an open file is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
    ReadWrite,
    Append,
}

/// How a file is opened: in any case without waiting (a pipe may have no writer), and without making a terminal ours.
/// Programs that are started from here do not inherit it.
///
/// Permission bits are those of chmod(1), less what the umask takes away. A system without them takes from them who may
/// read and write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub(super) purpose: Use,
    pub(super) links: Links,
    pub(super) make: Make,
}

impl How {
    /// To be read.
    pub(crate) const fn read(links: Links) -> How {
        How { purpose: Use::Read, links, make: Make::Never }
    }

    /// To be written, from its beginning, without cutting off what is in it.
    pub(crate) const fn write(links: Links) -> How {
        How { purpose: Use::Write, links, make: Make::Never }
    }

    /// To be read and written.
    pub(crate) const fn read_and_write(links: Links) -> How {
        How { purpose: Use::ReadWrite, links, make: Make::Never }
    }

    /// To be written at its end.
    pub(crate) const fn append(links: Links) -> How {
        How { purpose: Use::Append, links, make: Make::Never }
    }

    /// And made, if there is none.
    pub(crate) const fn make(self, bits: u32) -> How {
        How { make: Make::IfMissing(bits), ..self }
    }

    /// And made; it must not exist yet.
    pub(crate) const fn make_new(self, bits: u32) -> How {
        How { make: Make::Always(bits), ..self }
    }
}
