//! The control group whose memory this process shares: cgroups(7), the unified hierarchy.

use std::fs::read_to_string;

/// How many processes of the group the kernel has killed for want of memory; `None` without a group.
pub(crate) fn kernel_kills() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let events = read_to_string(format!("/sys/fs/cgroup{path}/memory.events")).ok()?;
    count(&events)
}

fn count(events: &str) -> Option<u64> {
    events.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_count_is_found_among_the_events() {
        let events = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n";
        assert_eq!(super::count(events), Some(2));
        assert_eq!(super::count("oom 3\n"), None);
    }
}
