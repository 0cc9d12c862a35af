//! For the price of a request: 64 bytes there and back over TCP, the server on one core, its clients on another.
//!
//! The client is another process of the same program (see `client`), the same for every runtime, so only the server differs.
//! The server's CPU time is read by a thread of its own that sleeps on the client's output: two lines in a run.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::measure::{cpu_ns, resident};
use crate::report;
use crate::runtime::Net;

/// What the client is told to do, and what its lines mean.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// CPU microseconds for one request.
    Cpu,
    /// All requests of the run, for whoever counts system calls from outside.
    Count,
    /// Resident bytes for one connection that has echoed once.
    Idle,
}

/// Serves until the client has seen enough; ends the process with the figure.
pub(crate) fn serve<R: Net>(connections: usize, plan: Plan) -> ! {
    let (tell, told) = channel();
    control(told, connections, plan);
    match R::block_on(R::serve(tell)) {}
}

#[expect(
    clippy::disallowed_methods,
    reason = "the observer must not be a task of the loop that it observes"
)]
fn control(told: Receiver<SocketAddr>, connections: usize, plan: Plan) {
    std::thread::spawn(move || {
        let address = told.recv().expect("a server tells its address before it serves");
        let mut client = start_client(address, connections, plan);
        let output = BufReader::new(client.stdout.take().expect("its output is a pipe"));
        let figure = observe(output, connections, plan);
        client.kill().unwrap_or_default();
        client.wait().expect("a child can be waited for once");
        report(figure)
    });
}

fn start_client(address: SocketAddr, connections: usize, plan: Plan) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    let kind = if matches!(plan, Plan::Idle) { "idle" } else { "busy" };
    let mut command = Command::new(program);
    command.args(["client", kind, &address.to_string(), &connections.to_string()]);
    command.stdout(Stdio::piped()).spawn().expect("this program can be started again")
}

/// The client prints `start` and later `stop <requests since start> <requests in all>`.
fn observe(output: impl BufRead, connections: usize, plan: Plan) -> Option<f64> {
    let (mut cpu, mut memory) = (0, 0);
    for line in output.lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["start"] => (cpu, memory) = (cpu_ns(), resident()),
            ["stop", window, all] => {
                let spent = (cpu_ns() - cpu) as f64;
                let (window, all): (f64, f64) = (window.parse().ok()?, all.parse().ok()?);
                return Some(match plan {
                    Plan::Cpu => spent / 1e3 / window,
                    Plan::Count => all,
                    Plan::Idle => (resident() - memory) as f64 / connections as f64,
                });
            }
            _ => return None,
        }
    }
    None
}
