//! The numbers by which one transaction ends any number of stints (R19).

/// What a stint noted, when it began, of the person's and his company's access numbers. `outside`
/// is raised when Connected-membership or external messaging is withdrawn, `whole` by suspension,
/// deletion and the company's end. Numbers only rise: who is permitted again does not get the old
/// ones back, so a stint that is over never opens again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// The person's own outside number.
    pub person_outside: u32,
    /// The person's own whole number.
    pub person_whole: u32,
    /// His company's outside number.
    pub company_outside: u32,
    /// His company's whole number.
    pub company_whole: u32,
}

impl Access {
    /// Whether a stint that noted these numbers still holds, given the numbers of now: in every
    /// room the whole ones must be equal, in groups and shared rooms the outside ones too.
    pub fn holds(self, now: Self, outside_room: bool) -> bool {
        let whole =
            self.person_whole == now.person_whole && self.company_whole == now.company_whole;
        let outside = self.person_outside == now.person_outside
            && self.company_outside == now.company_outside;
        whole && (outside || !outside_room)
    }
}
