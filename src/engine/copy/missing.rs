//! What a destination still misses before each manifest can be written.

use super::plan::{Part, Plan};

/// Counters for one destination.
pub(super) struct Missing {
    /// For each node that it lacks, how many blobs and manifests it waits for.
    count: Vec<Option<usize>>,
    blob_users: Vec<Vec<usize>>,
    parents: Vec<Vec<usize>>,
}

impl Missing {
    /// What `part` misses of `plan`.
    pub(super) fn new(plan: &Plan, part: &Part) -> Self {
        let nodes = plan.work.nodes.len();
        let mut missing = Self {
            count: vec![None; nodes],
            blob_users: vec![Vec::new(); plan.work.blobs.len()],
            parents: vec![Vec::new(); nodes],
        };
        for (position, node) in plan.lacking(part) {
            let mut count = 0;
            if !part.is_source {
                for &blob in &node.blobs {
                    missing.blob_users[blob].push(position);
                    count += 1;
                }
                for &child in node.children.iter().filter(|child| part.lacks[**child]) {
                    missing.parents[child].push(position);
                    count += 1;
                }
            }
            missing.count[position] = Some(count);
        }
        missing
    }

    /// One thing more that `node` waits for; [`Missing::released`] is the end of it.
    pub(super) fn hold(&mut self, node: usize) {
        if let Some(Some(count)) = self.count.get_mut(node) {
            *count += 1;
        }
    }

    /// The manifests that need nothing from the start.
    pub(super) fn ready(&self) -> Vec<usize> {
        let nodes = self.count.iter().enumerate();
        nodes
            .filter_map(|(node, count)| (*count == Some(0)).then_some(node))
            .collect()
    }

    /// The manifests that miss nothing more after this blob.
    pub(super) fn blob_arrived(&mut self, blob: usize) -> Vec<usize> {
        let users = std::mem::take(&mut self.blob_users[blob]);
        users
            .into_iter()
            .filter(|user| self.released(*user))
            .collect()
    }

    /// The manifests that miss nothing more after this one.
    pub(super) fn manifest_arrived(&mut self, node: usize) -> Vec<usize> {
        let parents = std::mem::take(&mut self.parents[node]);
        parents
            .into_iter()
            .filter(|parent| self.released(*parent))
            .collect()
    }

    /// Takes one thing off what `node` waits for; whether it was the last.
    pub(super) fn released(&mut self, node: usize) -> bool {
        let Some(Some(count)) = self.count.get_mut(node) else {
            return false;
        };
        *count = count.saturating_sub(1);
        *count == 0
    }
}
