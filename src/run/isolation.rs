//! From what stands around the cells of an interpreter to what they are not kept from.

use crate::vocab::Gap;
use crate::worker::{Ready, Walls};

/// What the walls around cells leave open. Each row names what closes it; SECURITY.md has the table for people.
pub(super) fn gaps(ready: &Ready) -> Vec<Gap> {
    let Walls { spaces, network, landlock, filter } = ready.walls;
    // Ranks share one cage, which ends with their one task.
    let own = spaces || ready.lone && landlock > 0;
    let rows = [
        (Gap::Network, network),
        // Rules on reading came with the first version of Landlock, and views of files come with namespaces.
        (Gap::Reading, landlock > 0),
        (Gap::Writing, spaces || landlock > 0 && ready.lone),
        (Gap::Processes, own),
        (Gap::Kernel, filter.is_some()),
    ];
    rows.into_iter().filter_map(|(gap, closed)| (!closed).then_some(gap)).collect()
}
