//! The state machine in every order of arrivals: deliveries overlap, repeat and die half-way, answers get lost, and calls
//! reach the processor long after whoever made them gave up. Store and processor are models; nothing else is.

#![cfg(test)]

mod model;

use contracts::Event;
use model::{Refuses, Scenario, Step, World};
use payment::domain::State;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arrive = (any::<Index>(), prop::bool::weighted(0.75)).prop_map(|(call, heard)| Step::Arrive { call, heard });
    let step = prop_oneof![
        2 => Just(Step::DeliverRequest),
        2 => Just(Step::DeliverVoid),
        30 => any::<Index>().prop_map(Step::Advance),
        16 => arrive,
        2 => any::<Index>().prop_map(Step::Crash),
        1 => Just(Step::PassDeadline),
    ];
    vec(step, 0..100)
}

prop_compose! {
    fn scenario()(
        voided: bool,
        approves: bool,
        refuses in prop_oneof![3 => Just(Refuses::Never), 1 => Just(Refuses::Always), 1 => Just(Refuses::Sometimes)],
        forgetful: bool,
        void_first: bool,
    ) -> Scenario {
        Scenario { voided, approves, refuses, forgetful, void_first }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn money_is_held_at_most_once_and_never_after_a_void(scenario in scenario(), steps in steps()) {
        let mut world = World::new(scenario);
        for step in steps {
            world.take(step);
            prop_assert!(world.live() <= 1, "two live authorisations");
        }
        world.finish();

        prop_assert!(world.approvals() <= 1, "the issuer approved twice");
        let payment = world.payment().expect("a payment that was asked for is recorded");
        match &payment.state {
            State::Authorized { .. } => prop_assert_eq!(world.live(), 1),
            State::Declined { .. } | State::Voided { .. } => prop_assert_eq!(world.live(), 0),
            passing => prop_assert!(false, "the payment rests in a passing state: {:?}", passing),
        }
        if scenario.voided {
            prop_assert!(matches!(payment.state, State::Voided { .. }), "a void was handled, and yet: {payment:?}");
        }
    }

    #[test]
    fn every_outcome_is_announced_once_with_the_version_it_was_recorded_under(
        scenario in scenario(),
        steps in steps(),
    ) {
        let mut world = World::new(scenario);
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();

        let kinds: Vec<_> = world.published().iter().map(|(_, event)| event.kind()).collect();
        let mut distinct = kinds.clone();
        distinct.dedup();
        prop_assert_eq!(&kinds, &distinct, "announced twice");
        let versions: Vec<_> = world.published().iter().map(|(version, _)| *version).collect();
        prop_assert!(versions.is_sorted_by(|a, b| a < b), "versions out of order: {versions:?}");

        let payment = world.payment().expect("a payment that was asked for is recorded");
        let last = world.published().last().expect("a payment at rest was announced");
        prop_assert_eq!(last.0, payment.version, "the last change was not announced");
        let announced = matches!(
            (&payment.state, &last.1),
            (State::Authorized { .. }, Event::PaymentAuthorized(_))
                | (State::Declined { .. }, Event::PaymentDeclined(_))
                | (State::Voided { .. }, Event::PaymentVoided(_))
        );
        prop_assert!(announced, "{:?} was announced as {:?}", payment.state, last.1);
    }
}
