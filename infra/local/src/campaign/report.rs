//! The output of a campaign.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, interval_at};

use super::{Observed, acknowledged, faults::Injected, judgment::Verdict, plan::Plan, queues::Counts};

const PROGRESS: Duration = Duration::from_secs(10);

/// Inputs of the closing report.
pub struct Outcome<'a> {
    pub injected: &'a [Injected],
    pub observed: &'a Observed,
    pub verdict: &'a Verdict,
    pub loaded: Duration,
    pub settled: Duration,
}

pub fn print_plan(plan: &Plan) {
    println!(
        "Seed {}: {} orders of {} customers, {} faults. The seed determines the orders and faults, not their timing.\n",
        plan.seed,
        plan.orders(),
        plan.customers.len(),
        plan.faults.len()
    );
}

/// Prints a line every ten seconds.
pub async fn progress(began: Instant, plan: &Plan, observed: &Observed, log: &Mutex<Vec<Injected>>) -> Infallible {
    let mut ticks = interval_at(began + PROGRESS, PROGRESS);
    loop {
        ticks.tick().await;
        let (seconds, begun) = (began.elapsed().as_secs(), *observed.begun.borrow());
        let started = plan.faults.iter().filter(|fault| fault.after < begun).count();
        let ended = log.lock().unwrap_or_else(PoisonError::into_inner).len();
        let (acknowledged, current) = (acknowledged(observed), started.saturating_sub(ended));
        println!(
            "{seconds:>5} s  {begun} orders begun, {acknowledged} acknowledged; {ended} faults over, {current} at work"
        );
    }
}

pub fn print(outcome: &Outcome) {
    let Outcome { injected, observed, verdict, loaded, settled } = outcome;
    println!("\nFaults\n");
    print_faults(injected);
    println!("\nOrders\n");
    let mut states = BTreeMap::<_, usize>::new();
    for witness in &verdict.witnesses {
        *states.entry(witness.order.status.as_str()).or_default() += 1;
    }
    for (state, count) in states {
        println!("  {state:<34} {count:>6}");
    }
    println!("\nTimes\n");
    let mut waits = observed.waits.lock().unwrap_or_else(PoisonError::into_inner).clone();
    waits.sort_unstable();
    let at = |share: f64| waits.get(((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1)));
    for (name, share) in [("median", 0.5), ("99 %", 0.99), ("longest", 1.0)] {
        let seconds = at(share).map_or(0.0, Duration::as_secs_f64);
        println!("  {:<34} {seconds:>6.1} s", format!("checkout acknowledged, {name}"));
    }
    println!("  {:<34} {:>6.0} s", "load with faults", loaded.as_secs_f64());
    println!("  {:<34} {:>6.0} s", "until all was settled", settled.as_secs_f64());
    println!("\nMails sent again after a fault of notification or AWS: {}", verdict.repeated_mails);
    let violations = &verdict.violations;
    println!("Violations: {}", if violations.is_empty() { "none".to_owned() } else { violations.len().to_string() });
    for violation in violations {
        println!("  {violation}");
    }
}

fn print_faults(injected: &[Injected]) {
    let mut rows = BTreeMap::<_, (usize, u64, &str, Counts, usize)>::new();
    for fault in injected {
        let row = rows.entry(fault.name.as_str()).or_default();
        row.0 += 1;
        row.1 += fault.count;
        if !fault.unit.is_empty() {
            row.2 = fault.unit;
        }
        for (kind, count) in &fault.messages {
            *row.3.entry(kind.clone()).or_default() += count;
        }
        row.4 += usize::from(fault.error.is_some());
    }
    for (name, (times, count, unit, messages, failed)) in rows {
        let failed = if failed > 0 { format!(", {failed} without effect") } else { String::new() };
        println!("  {name:<34} {times:>3} times  {count:>5} {unit}{failed}");
        for (kind, count) in messages {
            println!("  {:<34} {count:>10}  {kind}", "");
        }
    }
    for fault in injected.iter().filter(|fault| fault.error.is_some()) {
        println!("  {} had no effect: {}", fault.name, fault.error.as_deref().unwrap_or_default());
    }
}
