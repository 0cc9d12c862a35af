//! The runtimes side by side, each behind the traits of `runtime` in its own idiom.

#[expect(
    unsafe_code,
    reason = "the floor is what is left when nothing is checked; it is measured, never shipped"
)]
pub(crate) mod floor;
pub(crate) mod floor_epoll;
#[expect(
    unsafe_code,
    reason = "tokio's own runtime wants `Send` from tasks that never leave their thread"
)]
mod carried;
pub(crate) mod tokio;
pub(crate) mod smol;
pub(crate) mod monoio;
pub(crate) mod glommio;
pub(crate) mod futures;
pub(crate) mod ours;
