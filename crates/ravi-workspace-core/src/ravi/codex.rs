//! What Codex on this machine is set up with.

use crate::codex::{Installed, LoginFile};
use crate::error::Result;
use crate::machine::blocking::blocking;
use crate::machine::places;
use crate::workspace::WorkspaceError;

impl super::handle::Codex<'_> {
    /// Puts the folder of helper programs on the PATH of this user's login shells, from which agents' commands get
    /// theirs.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.codex().install_path().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The shell's profile cannot be read or written.
    pub async fn install_path(self) -> Result<Installed> {
        let dir = self.ravi.github().shim_dir()?;
        in_login_file(move |file| Ok(file.install(&dir)?)).await
    }

    /// Undoes that: the profile is as it was, byte for byte, apart from what has been written there since.
    ///
    /// ```no_run
    /// # async fn example(ravi: &ravi_workspace_core::Ravi) -> ravi_workspace_core::Result<()> {
    /// println!("{:?}", ravi.codex().uninstall_path().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The shell's profile cannot be read or written.
    pub async fn uninstall_path(self) -> Result<Installed> {
        in_login_file(|file| Ok(file.uninstall()?)).await
    }
}

async fn in_login_file(
    work: impl FnOnce(LoginFile) -> Result<Installed, WorkspaceError> + Send + 'static,
) -> Result<Installed> {
    let home = places::home()?;
    let shell = std::env::var("SHELL").unwrap_or_default();
    let work = move || work(LoginFile::of(&home, &shell));
    Ok(blocking(work).await.unwrap_or(Err(WorkspaceError::Stopped))?)
}
