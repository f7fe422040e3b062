//! The orders and faults of a campaign, derived from its seed.

use std::time::Duration;

use fastrand::Rng;

/// Orders of one customer.
const ORDERS_OF_CUSTOMER: usize = 5;
/// Number of articles that are ordered. The first one is popular, and sold out before the end.
pub const ARTICLES: usize = 10;
/// Orders per fault.
const ORDERS_PER_FAULT: usize = 25;
/// Part of the orders after which no message is lost: a lost void is requested again only after 15 minutes.
const LAST_LOSS: f64 = 0.5;

/// Kinds of faults, by the names of the option `--faults`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Kind {
    /// SIGKILL to a service or function
    Kill,
    /// SIGSTOP for 2 to 30 s to a service, a function, the emulated AWS, PostgreSQL or the processor
    Freeze,
    /// Delays, errors and lost responses of the card processor
    Processor,
    /// Refused calls to DynamoDB, SQS or SNS
    Throttle,
    /// Messages that are deleted without being handled
    Lose,
    /// Messages that are sent again
    Duplicate,
}

/// A fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Kill { part: &'static str },
    Freeze { part: &'static str, time: Duration },
    Processor { operation: &'static str, kind: &'static str, ms: u64, times: u32 },
    Throttle { service: &'static str, percent: u32, seconds: u64 },
    Lose { queue: &'static str, count: usize },
    Duplicate { queue: &'static str, count: usize },
}

/// A fault, and the number of orders that have been begun before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    pub after: usize,
    pub fault: Fault,
}

/// The customer's part in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Pays with a good card.
    Buy,
    /// Cancels at once.
    CancelEarly,
    /// Cancels the confirmed order.
    CancelLate,
    /// Pays with a good card after a bad one.
    SecondCard,
    /// Pays with a bad card only.
    Abandon,
}

/// The way in which a checkout is requested, always under one idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Once, and again only after a failure.
    Plain,
    /// Two requests at the same time.
    Twice,
    /// The client closes the connection after this time, and sends the request again.
    LostAnswer(Duration),
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOrder {
    /// Indexes of articles, and quantities.
    pub lines: Vec<(usize, u32)>,
    pub course: Course,
    pub sending: Sending,
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// Orders by customer.
    pub customers: Vec<Vec<PlannedOrder>>,
    /// Faults in the order of their beginning.
    pub faults: Vec<PlannedFault>,
}

impl Plan {
    /// Plans `orders` orders and faults of these kinds.
    pub fn new(seed: u64, orders: usize, kinds: &[Kind], longest_freeze: u64) -> Self {
        // Orders and faults have generators of their own, so that other faults do not change the orders.
        let (mut rng, mut faults_rng) = (Rng::with_seed(seed), Rng::with_seed(!seed));
        let all: Vec<_> = (0..orders).map(|_| order(&mut rng)).collect();
        let mut faults = Vec::new();
        if !kinds.is_empty() {
            for number in 0..orders.div_ceil(ORDERS_PER_FAULT).max(kinds.len()) {
                let kind = if number < kinds.len() { kinds[number] } else { kinds[faults_rng.usize(..kinds.len())] };
                let span = if kind == Kind::Lose { LAST_LOSS } else { 1.0 };
                let after = (orders as f64 * span * faults_rng.f64()) as usize;
                faults.push(PlannedFault { after, fault: fault(&mut faults_rng, kind, longest_freeze) });
            }
        }
        faults.sort_by_key(|fault| fault.after);
        Self { seed, customers: all.chunks(ORDERS_OF_CUSTOMER).map(<[_]>::to_vec).collect(), faults }
    }

    /// Number of orders.
    pub fn orders(&self) -> usize {
        self.customers.iter().map(Vec::len).sum()
    }
}

fn order(rng: &mut Rng) -> PlannedOrder {
    let course = match rng.u32(..100) {
        0..60 => Course::Buy,
        60..70 => Course::CancelEarly,
        70..82 => Course::CancelLate,
        82..95 => Course::SecondCard,
        _ => Course::Abandon,
    };
    let sending = match rng.u32(..100) {
        0..60 => Sending::Plain,
        60..80 => Sending::Twice,
        _ => Sending::LostAnswer(Duration::from_millis(rng.u64(1..150))),
    };
    let mut articles: Vec<usize> = (1..ARTICLES).collect();
    rng.shuffle(&mut articles);
    articles.truncate(if rng.bool() { 1 } else { rng.usize(2..=4) });
    if rng.u32(..100) < 40 {
        articles[0] = 0;
    }
    let lines = articles.into_iter().map(|article| (article, if article == 0 { 1 } else { rng.u32(1..=3) }));
    PlannedOrder { lines: lines.collect(), course, sending }
}

fn fault(rng: &mut Rng, kind: Kind, longest_freeze: u64) -> Fault {
    const SERVICES: [&str; 2] = ["product", "order"];
    const FUNCTIONS: [&str; 6] =
        ["payment", "notification", "user", "order-outbox-relay", "payment-outbox-relay", "user-outbox-relay"];
    const STORES: [&str; 3] = ["ministack", "postgres", "psp-simulator"];
    // Not notification-inbox: a mail is sent once, and not owed.
    const QUEUES: [&str; 4] = ["order-inbox", "product-inbox", "product-reservations", "payment-inbox"];
    const ALL_QUEUES: [&str; 5] =
        ["order-inbox", "product-inbox", "product-reservations", "payment-inbox", "notification-inbox"];
    const FAILURES: [&str; 5] = ["slow", "error_500", "error_500_after", "lost_answer", "rate_limited"];
    let mut choose = |choices: &[&'static str]| choices[rng.usize(..choices.len())];
    match kind {
        Kind::Kill => {
            let part = [choose(&SERVICES), choose(&FUNCTIONS)][rng.usize(..2)];
            Fault::Kill { part }
        }
        Kind::Freeze => {
            let part = [choose(&SERVICES), choose(&FUNCTIONS), choose(&STORES)][rng.usize(..3)];
            Fault::Freeze { part, time: Duration::from_secs(rng.u64(2..=longest_freeze.max(2))) }
        }
        Kind::Processor => {
            let (operation, kind) =
                (choose(&["create", "confirm", "confirm", "cancel", "retrieve", "*"]), choose(&FAILURES));
            let ms = if kind == "slow" { rng.u64(2_000..25_000) } else { 1_000 };
            Fault::Processor { operation, kind, ms, times: rng.u32(1..=8) }
        }
        Kind::Throttle => {
            let service = choose(&["dynamodb", "dynamodb", "sqs", "sns"]);
            Fault::Throttle { service, percent: rng.u32(20..=80), seconds: rng.u64(3..=15) }
        }
        Kind::Lose => Fault::Lose { queue: choose(&QUEUES), count: rng.usize(1..=5) },
        Kind::Duplicate => Fault::Duplicate { queue: choose(&ALL_QUEUES), count: rng.usize(2..=10) },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_seed_alone_determines_the_orders_and_faults() {
        let plan = |seed| Plan::new(seed, 2000, Kind::value_variants(), 30);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1).customers, plan(2).customers);
        assert_ne!(plan(1).faults, plan(2).faults);
        assert_eq!(plan(1).customers, Plan::new(1, 2000, &[], 30).customers, "orders do not depend on the faults");
    }

    #[test]
    fn every_kind_of_fault_and_every_course_occurs() {
        let plan = Plan::new(7, 2000, Kind::value_variants(), 30);
        assert_eq!((plan.orders(), plan.customers.len(), plan.faults.len()), (2000, 400, 80));
        let kinds: HashSet<_> = plan.faults.iter().map(|planned| std::mem::discriminant(&planned.fault)).collect();
        assert_eq!(kinds.len(), Kind::value_variants().len());
        for planned in &plan.faults {
            let is_loss = matches!(planned.fault, Fault::Lose { .. });
            assert!(planned.after < if is_loss { 1000 } else { 2000 }, "{planned:?}");
        }
        for course in [Course::Buy, Course::CancelEarly, Course::CancelLate, Course::SecondCard, Course::Abandon] {
            assert!(plan.customers.iter().flatten().any(|order| order.course == course), "{course:?}");
        }
        assert!(plan.customers.iter().flatten().any(|order| order.lines.len() > 1));
        assert!(plan.customers.iter().flatten().any(|order| order.lines.len() == 1));
    }
}
