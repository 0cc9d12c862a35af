//! Tests of sockets from their user's seat, one module a hazard. All on the loopback; nothing sleeps but
//! what is named `real_*`, and a hang is cut off by the guard in `support`.

mod addresses;
mod auto_traits;
mod cancel;
mod connecting;
mod conversions;
mod datagrams;
mod end_of_stream;
mod fairness;
mod fd_exhaustion;
mod injected;
mod integrity;
mod other_thread;
mod readiness;
mod simulated;
mod support;
mod traffic;
mod vectored;
mod wait_notes;
