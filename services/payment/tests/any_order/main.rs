//! The state machine in every order of arrivals: deliveries overlap, repeat and crash, responses get lost, calls reach
//! the processor long after their delivery has ended, and order's answers get lost, so that it asks again. Only store,
//! processor and order are models.

#![cfg(test)]

mod model;
mod processor;

use contracts::Event;
use model::{Scenario, Simulation, Step};
use payment::domain::{Problem, State};
use processor::{Deviates, EXPIRES_AT, Refuses};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arrive =
        (any::<Index>(), prop::bool::weighted(0.75)).prop_map(|(call, received)| Step::Arrive { call, received });
    let step = prop_oneof![
        1 => Just(Step::AskAgain),
        1 => Just(Step::AskVoid),
        5 => any::<Index>().prop_map(Step::Deliver),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(answer, received)| Step::Answer { answer, received }),
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
        deviates in prop_oneof![
            4 => Just(Deviates::Never),
            1 => Just(Deviates::AtPrepare),
            1 => Just(Deviates::AtConfirm),
            1 => Just(Deviates::Captures),
        ],
        forgetful: bool,
        void_first: bool,
    ) -> Scenario {
        Scenario { voided, approves, refuses, deviates, forgetful, void_first }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn money_is_held_at_most_once_and_never_after_a_void(scenario in scenario(), steps in steps()) {
        let mut simulation = Simulation::new(scenario);
        for step in steps {
            simulation.run(step);
            prop_assert!(simulation.processor.held() <= 1, "two authorizations hold money");
        }
        simulation.finish();

        prop_assert!(simulation.processor.approvals() <= 1, "the issuer approved twice");
        let payment = simulation.payment().expect("a requested payment is recorded");
        match &payment.state {
            State::Authorized { .. } => {
                prop_assert_eq!(simulation.processor.held(), 1);
                let is_wrong = matches!(scenario.deviates, Deviates::AtPrepare | Deviates::AtConfirm);
                prop_assert!(!is_wrong, "an authorization that was not requested");
            }
            State::Declined { .. } | State::Voided { .. } => prop_assert_eq!(simulation.processor.held(), 0),
            // A captured amount cannot be released: an operator has to refund it.
            State::VoidPending { .. } if payment.problem == Some(Problem::Captured) => {
                prop_assert_eq!(simulation.processor.captured(), 1);
                return Ok(());
            }
            transient => prop_assert!(false, "the final state is transient: {transient:?}"),
        }
        let is_voided = matches!(payment.state, State::Voided { .. });
        prop_assert!(is_voided || !scenario.voided, "a void was handled, but the payment is {payment:?}");
    }

    #[test]
    fn every_outcome_is_announced_at_least_once_and_at_most_once_per_question(
        scenario in scenario(),
        steps in steps(),
    ) {
        let mut simulation = Simulation::new(scenario);
        steps.into_iter().for_each(|step| simulation.run(step));
        simulation.finish();

        let published = simulation.published();
        let answered: Vec<_> = published.iter().map(|announcement| announcement.answered).collect();
        prop_assert!(answered.is_sorted_by(|a, b| a < b), "a question was answered twice: {published:?}");
        prop_assert!(published.len() <= simulation.questions());
        for announcement in published {
            if let Event::PaymentAuthorized(authorized) = &announcement.event {
                prop_assert_eq!(authorized.expires_at, EXPIRES_AT);
            }
        }
        let versions: Vec<_> = published.iter().map(|announcement| announcement.version).collect();
        prop_assert!(versions.is_sorted_by(|a, b| a < b), "versions out of order: {versions:?}");

        let payment = simulation.payment().expect("a requested payment is recorded");
        if payment.problem == Some(Problem::Captured) {
            prop_assert!(simulation.published().is_empty(), "{:?}", simulation.published());
            return Ok(());
        }
        prop_assert!(simulation.is_answered(), "order never stops asking: {:?}", simulation.published());
        let last = simulation.published().last().expect("a settled payment was announced");
        prop_assert_eq!(last.version, payment.version, "the last change was not announced");
        let announced = matches!(
            (&payment.state, &last.event),
            (State::Authorized { .. }, Event::PaymentAuthorized(_))
                | (State::Declined { .. }, Event::PaymentDeclined(_))
                | (State::Voided { .. }, Event::PaymentVoided(_))
        );
        prop_assert!(announced, "{:?} was announced as {:?}", payment.state, last.event);
    }
}
