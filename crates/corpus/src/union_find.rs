//! Disjoint sets whose representative is their smallest member.

#[derive(Debug)]
pub(crate) struct UnionFind {
    parent: Vec<usize>,
}

impl UnionFind {
    pub(crate) fn new(len: usize) -> Self {
        Self { parent: (0..len).collect() }
    }

    /// The smallest member of the set that holds `member`.
    pub(crate) fn find(&mut self, member: usize) -> usize {
        let mut at = member;
        while self.parent[at] != at {
            // Halving the path keeps later walks short.
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_named_after_their_first_member() {
        let mut sets = UnionFind::new(5);
        sets.join(4, 3);
        sets.join(3, 1);
        assert_eq!((0..5).map(|m| sets.find(m)).collect::<Vec<_>>(), [0, 1, 2, 1, 1]);
    }
}
