//! A search for many patterns at once that can be stopped and continued at any unit of what is read.
//!
//! The automaton knows the first [`WINDOW`] units of each pattern; what follows them is matched by the
//! Knuth-Morris-Pratt method. So time and memory grow linearly with the length of the values. The automaton is the
//! crate aho-corasick's because the states between two chunks must be kept, which regex-automata gives no access to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;

/// Units of a pattern that the automaton knows.
pub(super) const WINDOW: usize = 32;

/// A range in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    pub(super) fn at(place: usize) -> Span {
        Span { start: place, end: place + 1 }
    }
}

/// What to look for.
pub(super) struct Patterns {
    /// `None` if there is nothing to look for.
    automaton: Option<NFA>,
    start: StateID,
    /// How many units lead to each state: the length of the longest beginning of a pattern that the stream ends with.
    depths: HashMap<StateID, usize>,
    /// What the automaton's patterns are, by number.
    ends: Vec<End>,
    longs: Vec<Long>,
    longest: usize,
    begins: [bool; 256],
    first_two: BTreeSet<(u8, u8)>,
}

/// A pattern of the automaton.
struct End {
    length: usize,
    /// Whether it is a complete one.
    whole: bool,
    /// The long patterns that begin with it.
    longs: Vec<usize>,
}

/// A pattern that is longer than the window.
struct Long {
    units: Vec<u8>,
    /// For each length, the longest shorter beginning that it ends with.
    fail: Vec<u32>,
}

impl Long {
    fn new(units: Vec<u8>) -> Long {
        let mut fail = vec![0_u32; units.len() + 1];
        let mut length = 0;
        for at in 1..units.len() {
            while length > 0 && units[at] != units[length] {
                length = fail[length] as usize;
            }
            length += usize::from(units[at] == units[length]);
            fail[at + 1] = u32::try_from(length).unwrap_or(0);
        }
        Long { units, fail }
    }

    /// Returns how many units match after one more, given how many did before.
    fn step(&self, mut length: usize, unit: u8) -> usize {
        while length == self.units.len() || length > 0 && self.units[length] != unit {
            length = self.fail[length] as usize;
        }
        length + usize::from(self.units[length] == unit)
    }
}

impl Patterns {
    pub(super) fn new(forms: impl IntoIterator<Item = Vec<u8>>) -> Patterns {
        let forms: BTreeSet<Vec<u8>> = forms.into_iter().collect();
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        let mut begins = [false; 256];
        // Every pattern has several units, because short values are not looked for.
        let first_two = forms.iter().map(|form| (form[0], form[1])).collect();
        let mut longs = Vec::new();
        let mut ends: BTreeMap<Vec<u8>, End> = BTreeMap::new();
        for form in forms {
            let window = form[..form.len().min(WINDOW)].to_vec();
            begins[usize::from(window[0])] = true;
            let length = window.len();
            let end = ends.entry(window).or_insert(End { length, whole: false, longs: Vec::new() });
            if form.len() == length {
                end.whole = true;
            } else {
                end.longs.push(longs.len());
                longs.push(Long::new(form));
            }
        }
        let (windows, ends): (Vec<Vec<u8>>, Vec<End>) = ends.into_iter().unzip();
        let (automaton, start, depths) = automaton(&windows);
        Patterns { automaton, start, depths, ends, longs, longest, begins, first_two }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// Whether a pattern begins with this unit.
    pub(super) fn begin_with(&self, unit: u8) -> bool {
        self.begins[usize::from(unit)]
    }

    /// Returns the first two units of each pattern.
    pub(super) fn first_two(&self) -> impl Iterator<Item = (u8, u8)> {
        self.first_two.iter().copied()
    }

    pub(super) fn track(&self) -> Tracker {
        Tracker { state: self.start, trace: Vec::new(), passed: 0, marked: 0..0, active: Vec::new() }
    }
}

fn automaton(windows: &[Vec<u8>]) -> (Option<NFA>, StateID, HashMap<StateID, usize>) {
    if windows.is_empty() {
        return (None, StateID::default(), HashMap::new());
    }
    let automaton = NFA::new(windows).expect("few patterns"); // cannot fail: limited to 2^31 states, and an environment holds some megabytes
    let start = automaton.start_state(Anchored::No).expect("unanchored"); // cannot fail: both kinds are built
    let mut depths = HashMap::new();
    for window in windows {
        let mut state = start;
        for (index, unit) in window.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *unit);
            depths.insert(state, index + 1);
        }
    }
    (Some(automaton), start, depths)
}

/// How far one reading of the stream has come.
#[derive(Clone)]
pub(super) struct Tracker {
    state: StateID,
    /// Where the last units lie, as far as they may belong to a value.
    trace: Vec<Span>,
    /// How many units came before those.
    passed: usize,
    /// The units that were marked last.
    marked: std::ops::Range<usize>,
    /// Long patterns whose window was seen, and how many of their units match so far.
    active: Vec<(usize, usize)>,
}

impl Tracker {
    /// Takes a unit; calls `mark` with the places of a value's units.
    pub(super) fn step(&mut self, patterns: &Patterns, unit: u8, span: Span, mark: &mut impl FnMut(Span)) {
        let Some(automaton) = &patterns.automaton else { return };
        self.state = automaton.next_state(Anchored::No, self.state, unit);
        if self.state == patterns.start && self.active.is_empty() {
            return self.forget();
        }
        self.trace.push(span);
        let mut length = 0;
        self.active.retain_mut(|(long, fits)| {
            let long = &patterns.longs[*long];
            *fits = long.step(*fits, unit);
            if *fits == long.units.len() {
                length = length.max(*fits);
            }
            *fits >= WINDOW
        });
        if automaton.is_match(self.state) {
            length = length.max(self.windows_end(patterns, automaton));
        }
        if length > 0 {
            self.mark(length, mark);
        }
        if self.trace.len() > 2 * patterns.longest + WINDOW {
            let gone = self.trace.len() - patterns.longest;
            self.trace.drain(..gone);
            self.passed += gone;
        }
    }

    /// Handles the automaton's patterns that end here. Returns the length of the longest complete one.
    fn windows_end(&mut self, patterns: &Patterns, automaton: &NFA) -> usize {
        let mut length = 0;
        for index in 0..automaton.match_len(self.state) {
            let end = &patterns.ends[automaton.match_pattern(self.state, index).as_usize()];
            if end.whole {
                length = length.max(end.length);
            }
            for long in &end.longs {
                if !self.active.iter().any(|(active, _)| active == long) {
                    self.active.push((*long, WINDOW));
                }
            }
        }
        length
    }

    /// Marks the last `length` units, each once however many values it belongs to.
    fn mark(&mut self, length: usize, mark: &mut impl FnMut(Span)) {
        let now = self.passed + self.trace.len();
        let begin = now - length.min(self.trace.len());
        let known = self.marked.clone();
        let from = if begin >= known.start { begin.max(known.end) } else { begin };
        self.trace[from - self.passed..].iter().for_each(|span| mark(*span));
        self.marked = if begin > known.end { begin } else { known.start.min(begin) }..now;
    }

    /// Whether nothing has begun.
    pub(super) fn at_root(&self) -> bool {
        self.trace.is_empty()
    }

    /// Starts over: what has come so far begins nothing.
    pub(super) fn reset(&mut self, patterns: &Patterns) {
        self.state = patterns.start;
        self.active.clear();
        self.forget();
    }

    fn forget(&mut self) {
        self.passed += self.trace.len();
        self.trace.clear();
    }

    /// Returns the start of what may be the beginning of a value.
    pub(super) fn open(&self, patterns: &Patterns) -> Option<usize> {
        let window = patterns.depths.get(&self.state).copied().unwrap_or(0);
        let depth = self.active.iter().map(|(_, fits)| *fits).max().unwrap_or(0).max(window);
        self.trace.get(self.trace.len().checked_sub(depth)?).map(|span| span.start)
    }
}
