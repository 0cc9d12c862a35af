//! [`KernelKills`]: whether the kernel has killed somebody of our memory group lately.

use crate::process::host::Host;
use std::sync::Arc;

/// Compares the group's count with what it was.
#[derive(Debug)]
pub(crate) struct KernelKills {
    host: Arc<dyn Host>,
    seen: Option<u64>,
}

impl KernelKills {
    pub(crate) fn new(host: Arc<dyn Host>) -> Self {
        let seen = host.kernel_kills();
        Self { host, seen }
    }

    /// Whether there were more since the last time this was asked.
    pub(crate) fn has_moved(&mut self) -> bool {
        let now = self.host.kernel_kills();
        let before = std::mem::replace(&mut self.seen, now);
        before.zip(now).is_some_and(|(before, now)| before < now)
    }
}
