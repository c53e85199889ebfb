//! What macOS tells about processes: libproc, which lsof(8) and ps(1) ask too (`libproc.h`, `sys/proc_info.h`).

#![allow(unsafe_code, reason = "the calls are C's")]

use std::ffi::{CStr, OsStr, c_int};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The current folder of each process that this user may see.
pub(super) fn works_in(folder: &Path) -> Option<bool> {
    // Not even this process is seen: this is not allowed here.
    folder_of(c_int::try_from(std::process::id()).ok()?)?;
    Some(processes()?.into_iter().filter_map(folder_of).any(|place| place.starts_with(folder)))
}

pub(super) fn threads() -> Option<usize> {
    let own = c_int::try_from(std::process::id()).ok()?;
    // SAFETY: `proc_taskinfo` is what this flavour fills in (`sys/proc_info.h`), and consists of numbers.
    let task: libc::proc_taskinfo = unsafe { told(own, libc::PROC_PIDTASKINFO) }?;
    usize::try_from(task.pti_threadnum).ok()
}

/// The number of every process.
fn processes() -> Option<Vec<c_int>> {
    // SAFETY: without a buffer, it only returns how many there are (`proc_listpids` in libproc.c).
    let about = usize::try_from(unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) }).ok()?;
    // Others may start meanwhile.
    let mut numbers: Vec<c_int> = vec![0; about + 64];
    let size = c_int::try_from(std::mem::size_of_val(numbers.as_slice())).ok()?;
    // SAFETY: the buffer is as large as is said, and is written with numbers of this type.
    let count = unsafe { libc::proc_listallpids(numbers.as_mut_ptr().cast(), size) };
    numbers.truncate(usize::try_from(count).ok().filter(|count| *count > 0)?);
    Some(numbers)
}

/// The current folder of a process; `None` if it has ended, or is another user's.
fn folder_of(process: c_int) -> Option<PathBuf> {
    // SAFETY: `proc_vnodepathinfo` is what this flavour fills in (`sys/proc_info.h`), and consists of numbers.
    let places: libc::proc_vnodepathinfo = unsafe { told(process, libc::PROC_PIDVNODEPATHINFO) }?;
    let text: Vec<u8> = places.pvi_cdir.vip_path.as_flattened().iter().map(|letter| letter.to_ne_bytes()[0]).collect();
    let text = CStr::from_bytes_until_nul(&text).ok()?;
    Some(PathBuf::from(OsStr::from_bytes(text.to_bytes()))).filter(|path| path.is_absolute())
}

/// What `proc_pidinfo` tells about a process.
///
/// # Safety
/// `T` is the C structure of this flavour, and any bytes are one.
unsafe fn told<T>(process: c_int, flavour: c_int) -> Option<T> {
    let mut info = MaybeUninit::<T>::zeroed();
    let size = c_int::try_from(size_of::<T>()).ok()?;
    // SAFETY: the buffer is as large as is said.
    let filled = unsafe { libc::proc_pidinfo(process, flavour, 0, info.as_mut_ptr().cast(), size) };
    // SAFETY: all of it was filled in.
    (filled == size).then(|| unsafe { info.assume_init() })
}
