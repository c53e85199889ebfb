//! What runs while the app does: tasks that take care of things, and calls that wait. Both end with the app; a wait
//! also ends when its window cancels it, shows another page or is closed.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tauri::async_runtime::{self, JoinHandle};
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager, RunEvent, Runtime, Webview, WindowEvent};
use tokio::sync::Notify;

use super::command_error::{CommandError, Result};
use super::powered::Powered;
use ravi_workspace_core::Ravi;

/// How long watchers may delay the end of the app. What they cannot finish is sealed in the ledger.
const LAST_WORK: Duration = Duration::from_secs(3);
/// How long a look at what is owed may delay the end of the app.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// The plugin's own state in the app.
#[derive(Default)]
pub(crate) struct Running {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// Tasks that have something to finish when the app ends, and what notifies them.
    watchers: Mutex<Vec<(Arc<Notify>, JoinHandle<()>)>>,
    waits: Mutex<HashMap<Wait, Arc<Notify>>>,
}

/// A waiting call: the window that made it, and the number that the window gave it.
type Wait = (String, u32);

impl Running {
    /// Runs `task` until it or the app ends.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        locked(&self.tasks).push(async_runtime::spawn(task));
    }

    /// Runs a task that ends by itself soon after the future that it is given.
    pub(crate) fn watch<F: Future<Output = ()> + Send + 'static>(
        &self,
        task: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> F,
    ) {
        let stop = Arc::<Notify>::default();
        let told = stop.clone();
        let task = async_runtime::spawn(task(Box::pin(async move { told.notified().await })));
        locked(&self.watchers).push((stop, task));
    }

    /// Runs `work` until it ends or is cancelled.
    pub(crate) async fn wait<T>(
        &self,
        window: &str,
        call: u32,
        work: impl Future<Output = ravi_workspace_core::Result<T>>,
    ) -> Result<T> {
        let (wait, stop) = ((window.to_owned(), call), Arc::<Notify>::default());
        locked(&self.waits).insert(wait.clone(), stop.clone());
        let result = tokio::select! {
            result = work => result.map_err(CommandError::from),
            () = stop.notified() => Err(CommandError::Cancelled),
        };
        locked(&self.waits).remove(&wait);
        result
    }

    /// Ends a wait of this window; `false` if there is none with this number.
    pub(crate) fn cancel(&self, window: &str, call: u32) -> bool {
        let found = locked(&self.waits).get(&(window.to_owned(), call)).cloned();
        found.inspect(|stop| stop.notify_one()).is_some()
    }

    /// Ends the tasks, and tells the watchers to finish.
    pub(crate) fn end_tasks(&self) {
        for task in locked(&self.tasks).drain(..) {
            task.abort();
        }
        for (stop, _) in locked(&self.watchers).drain(..) {
            stop.notify_one();
        }
    }

    fn cancel_all(&self, mut of: impl FnMut(&str) -> bool) {
        for ((window, _), stop) in locked(&self.waits).iter() {
            if of(window) {
                stop.notify_one();
            }
        }
    }

    /// Ends everything; watchers have [`LAST_WORK`] to finish, all together.
    async fn stop(&self) {
        self.cancel_all(|_| true);
        for task in locked(&self.tasks).drain(..) {
            task.abort();
        }
        let watchers = std::mem::take(&mut *locked(&self.watchers));
        watchers.iter().for_each(|(stop, _)| stop.notify_one());
        let end = tokio::time::Instant::now() + LAST_WORK;
        for (_, mut task) in watchers {
            if tokio::time::timeout_at(end, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// Locks a list. A panic elsewhere leaves both lists intact.
fn locked<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends what belongs to a window or an app that ends.
pub(super) fn follow<R: Runtime>(app: &AppHandle<R>, event: &RunEvent) {
    let Some(running) = app.try_state::<Running>() else { return };
    match event {
        RunEvent::WindowEvent { label, event: WindowEvent::Destroyed, .. } => {
            running.cancel_all(|window| window == label)
        }
        RunEvent::Exit => {
            let ravi = app.state::<Powered>().handle().cloned();
            if let Some(ravi) = &ravi {
                ravi.account().cancel_login();
            }
            async_runtime::block_on(running.stop());
            if let Some(ravi) = &ravi {
                note_owed(ravi);
            }
        }
        _ => {}
    }
}

/// Ends what the previous page waited for: nobody is there any more to be told.
pub(super) fn follow_page<R: Runtime>(webview: &Webview<R>, event: PageLoadEvent) {
    if let (PageLoadEvent::Started, Some(running)) = (event, webview.try_state::<Running>()) {
        running.cancel_all(|window| window == webview.label());
    }
}

/// Logs once more that something is owed. It is in the ledger, and whatever uses that next tries again.
fn note_owed(ravi: &Ravi) {
    let look = async { tokio::time::timeout(LAST_LOOK, ravi.workspaces().owed()).await };
    if let Ok(Ok(owed)) = async_runtime::block_on(look)
        && !owed.is_empty()
    {
        tracing::info!(revocations = owed.len(), "still owed; the next start tries again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forever() -> impl Future<Output = ravi_workspace_core::Result<()>> {
        std::future::pending()
    }

    #[tokio::test]
    async fn a_wait_is_cancelled_by_its_own_window_alone() {
        let running = Arc::new(Running::default());
        let waiting = tokio::spawn({
            let running = running.clone();
            async move { running.wait("main", 7, forever()).await }
        });
        while locked(&running.waits).is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(!running.cancel("other", 7) && !running.cancel("main", 8));
        assert!(running.cancel("main", 7));
        assert!(matches!(waiting.await.unwrap(), Err(CommandError::Cancelled)));
        assert!(!running.cancel("main", 7), "it is forgotten");
    }

    #[tokio::test]
    async fn everything_ends_with_the_app() {
        struct Told(Option<tokio::sync::oneshot::Sender<()>>);
        impl Drop for Told {
            fn drop(&mut self) {
                let _ = self.0.take().map(|told| told.send(()));
            }
        }
        let running = Arc::new(Running::default());
        let (told, ended) = tokio::sync::oneshot::channel();
        let told = Told(Some(told));
        running.spawn(async move {
            let _told = told;
            std::future::pending::<()>().await;
        });
        let finished = Arc::<std::sync::atomic::AtomicBool>::default();
        let last = finished.clone();
        running.watch(async move |stop| {
            stop.await;
            last.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let waiting = running.wait("main", 1, forever());
        let (result, ()) = tokio::join!(waiting, async {
            while locked(&running.waits).is_empty() {
                tokio::task::yield_now().await;
            }
            running.stop().await;
        });
        assert!(matches!(result, Err(CommandError::Cancelled)));
        ended.await.unwrap();
        assert!(finished.load(std::sync::atomic::Ordering::SeqCst), "a watcher does its last work");
    }
}
