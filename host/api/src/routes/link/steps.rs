//! The steps of a journey and which one a page is: choosing, preparing, reviewing, connecting. The first two are left
//! out where there is nothing to choose and nothing to prepare.

use patchbay_app::Review;

use super::page::Step;

/// A page that is a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// What is needed.
    Before,
    /// What will be shared.
    Review,
    /// The form, or the provider's pages.
    Connect,
}

/// Which step a page is, for this connector.
pub(super) fn at(review: &Review, place: Place) -> Step {
    let (chooses, prepares) = (usize::from(review.one_of > 1), usize::from(prepares(review)));
    let at = match place {
        Place::Before => chooses + 1,
        Place::Review => chooses + prepares + 1,
        Place::Connect => chooses + prepares + 2,
    };
    Step { at, of: chooses + prepares + 2 }
}

/// Whether there is something to prepare.
pub(super) fn prepares(review: &Review) -> bool {
    !review.checklist.is_empty() || !review.guides.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::link::samples;

    #[test]
    fn steps_that_are_left_out_are_not_counted() {
        let mut review = samples::review();
        assert_eq!(at(&review, Place::Before), Step { at: 2, of: 4 });
        assert_eq!(at(&review, Place::Connect), Step { at: 4, of: 4 });
        review.one_of = 1;
        assert_eq!(at(&review, Place::Review), Step { at: 2, of: 3 });
        (review.checklist, review.guides) = (Vec::new(), Vec::new());
        assert_eq!(at(&review, Place::Review), Step { at: 1, of: 2 });
    }
}
