//! Signing in with a device code (RFC 8628).

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{AccountError, DevicePrompt};
use crate::api::{ApiError, Client, DeviceLogin, DevicePoll, verification_page};
use crate::error::{Explain as _, Kind, Result};

/// RFC 8628 §3.5: a client that is told to slow down adds five seconds to its interval.
const SLOWER_BY: Duration = Duration::from_secs(5);

/// Shows the code, then waits until the person has approved or refused it, or it is too old.
pub(crate) async fn device_login(client: &Client, show: impl FnOnce(&DevicePrompt) + Send) -> Result<DeviceLogin> {
    let code = client.device().start().await?;
    let (url, fallback_url) = verification_page(&code);
    show(&DevicePrompt {
        user_code: code.user_code.clone(),
        url,
        fallback_url,
        expires_in_s: code.expires_in.as_secs(),
    });
    let deadline = Instant::now() + code.expires_in;
    let mut interval = code.interval;
    while Instant::now() < deadline {
        match client.device().poll(&code.device_code).await {
            Ok(DevicePoll::Approved(login)) => return Ok(*login),
            Ok(DevicePoll::Pending) => {}
            Ok(DevicePoll::SlowDown) => interval += SLOWER_BY,
            Ok(DevicePoll::Denied) => return Err(AccountError::LoginRefused.into()),
            Ok(DevicePoll::Expired | DevicePoll::Invalid) => return Err(AccountError::LoginExpired.into()),
            // The person may be approving right now; a lost connection or a busy server is no reason to stop.
            Err(e) if e.kind() == Kind::Unreachable || matches!(e, ApiError::Throttled { .. }) => {}
            Err(e) => return Err(e.into()),
        }
        sleep(interval).await;
    }
    Err(AccountError::LoginExpired.into())
}
