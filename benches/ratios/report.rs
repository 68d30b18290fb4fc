//! What is printed: the machine, each figure with its goal, and the raw numbers behind it.

use std::fmt;
use std::fs;

/// One figure against its goal.
pub(crate) struct Figure {
    /// What was measured.
    pub(crate) name: &'static str,
    /// What came out.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// What it is to be.
    pub(crate) goal: Goal,
    /// The numbers that it was made of, a name and a text each.
    pub(crate) raw: Vec<(&'static str, String)>,
}

/// What a figure is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) => value >= goal,
            Self::AtMost(goal) => value <= goal,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(goal) => write!(f, ">= {goal}"),
            Self::AtMost(goal) => write!(f, "<= {goal}"),
        }
    }
}

/// All figures of one run.
pub(crate) struct Report {
    machine: String,
    figures: Vec<Figure>,
}

impl Report {
    /// A report about this machine, as it was before the run.
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpus = read("/proc/cpuinfo");
        let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let model = model.map_or("unknown processor", |(_, model)| model);
        let kernel = read("/proc/sys/kernel/osrelease");
        let load = read("/proc/loadavg");
        let load: Vec<&str> = load.split_whitespace().take(1).collect();
        let machine = format!(
            "{cores} cores, shared by server and clients ({model}), Linux {}, load before {}",
            kernel.trim(),
            load.concat(),
        );
        Self { machine, figures: Vec::new() }
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}\n", self.machine)?;
        for figure in &self.figures {
            let Figure { name, value, unit, goal, raw } = figure;
            let met = if goal.is_met(*value) { "met" } else { "NOT met" };
            writeln!(f, "{name:<58} {value:>8.2} {unit:<6} {:<10} {met}", goal.to_string())?;
            for (name, value) in raw {
                writeln!(f, "    {name:<54} {value}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Numbers of the rounds, in the order in which they came.
pub(crate) fn rounds(values: &[f64], decimals: usize) -> String {
    let texts: Vec<String> = values.iter().map(|value| format!("{value:.decimals$}")).collect();
    texts.join(" | ")
}
