//! Keeps what the process remembers, passwords among it, out of core dumps and other processes.

/// Has no core dump written of this process, nor of those that it starts, and on Linux lets no
/// other process of the same user read its memory or environment.
///
/// Where the system refuses, things are as they would have been: that is no reason to stop.
pub fn keep_memory_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::process::{
        DumpableBehavior, Resource, dumpable_behavior, getrlimit, set_dumpable_behavior,
    };

    #[test]
    fn nothing_can_be_dumped_any_more() {
        set_dumpable_behavior(DumpableBehavior::Dumpable).unwrap();
        keep_memory_private();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }
}
