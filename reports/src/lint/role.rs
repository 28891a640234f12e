//! What a column may mean.

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Who pruned.
    Method,
    /// What was pruned.
    Network,
    /// What it was scored on.
    Dataset,
    /// Which repetition a row is.
    Seed,
    /// Whether a row is a mean of other rows: `mean-over-tasks`, or anything else.
    Scope,
    /// Text that tells rows apart.
    Label,
    /// Fraction that was asked to remain.
    Keep,
    /// Sparsity that was asked for.
    Requested,
    /// Sparsity that was reached.
    Sparsity,
    /// A score; on one task where there are several such columns.
    Score,
    /// The mean of the row's scores, or of its seeds.
    Mean,
    /// The score of the dense network.
    Base,
    /// Difference between a score and that of the dense network.
    Delta,
    /// Parameters that remain.
    Params,
    /// Parameters of the dense network.
    ParamsBase,
    /// Share of the parameters that remains.
    ParamsLeft,
    /// Share of the parameters that is gone.
    ParamsCut,
    /// Multiply-accumulates that remain.
    Macs,
    /// Multiply-accumulates of the dense network.
    MacsBase,
    /// Share of the multiply-accumulates that remains.
    MacsLeft,
    /// Share of the multiply-accumulates that is gone.
    MacsCut,
    /// Floating-point operations that remain; one multiply-accumulate is two.
    Flops,
    /// Floating-point operations of the dense network.
    FlopsBase,
    /// Share of the floating-point operations that remains.
    FlopsLeft,
    /// Share of the floating-point operations that is gone.
    FlopsCut,
    /// Prunable weights that remain.
    WeightsLeft,
    /// Prunable weights of the dense network.
    WeightsTotal,
    /// Prunable weights that were asked to remain.
    WeightsTarget,
    /// Parameters of the dense network over those that remain.
    Compression,
    /// Work or time of the dense network over that of the pruned one.
    SpeedUp,
    /// Place in the ranking.
    Rank,
    /// Whether the place is shared.
    Tied,
    /// Mean over tasks of the rank on each.
    AverageRank,
    /// Standard deviation, standard error or half of an interval.
    Spread,
    /// Lower end of an interval.
    Low,
    /// Upper end of an interval.
    High,
    /// Number of repetitions behind a row.
    Seeds,
    /// So many trials of so many.
    Trials,
    /// Where the figures come from.
    Origin,
    /// A time or a rate.
    Time,
    /// Anything else.
    Other,
}

impl Role {
    /// Every role with its name in options and maps.
    pub const ALL: [(Role, &'static str); 41] = [
        (Role::Method, "method"),
        (Role::Network, "network"),
        (Role::Dataset, "dataset"),
        (Role::Seed, "seed"),
        (Role::Scope, "scope"),
        (Role::Label, "label"),
        (Role::Keep, "keep"),
        (Role::Requested, "requested-sparsity"),
        (Role::Sparsity, "sparsity"),
        (Role::Score, "score"),
        (Role::Mean, "mean"),
        (Role::Base, "base-score"),
        (Role::Delta, "delta"),
        (Role::Params, "params"),
        (Role::ParamsBase, "params-base"),
        (Role::ParamsLeft, "params-left"),
        (Role::ParamsCut, "params-removed"),
        (Role::Macs, "macs"),
        (Role::MacsBase, "macs-base"),
        (Role::MacsLeft, "macs-left"),
        (Role::MacsCut, "macs-removed"),
        (Role::Flops, "flops"),
        (Role::FlopsBase, "flops-base"),
        (Role::FlopsLeft, "flops-left"),
        (Role::FlopsCut, "flops-removed"),
        (Role::WeightsLeft, "weights-left"),
        (Role::WeightsTotal, "weights-total"),
        (Role::WeightsTarget, "weights-target"),
        (Role::Compression, "compression"),
        (Role::SpeedUp, "speed-up"),
        (Role::Rank, "rank"),
        (Role::Tied, "tied"),
        (Role::AverageRank, "average-rank"),
        (Role::Spread, "spread"),
        (Role::Low, "low"),
        (Role::High, "high"),
        (Role::Seeds, "seeds"),
        (Role::Trials, "trials"),
        (Role::Origin, "origin"),
        (Role::Time, "time"),
        (Role::Other, "other"),
    ];

    /// The name in options and maps.
    #[must_use]
    pub fn name(self) -> &'static str {
        Role::ALL.iter().find(|(role, _)| *role == self).map_or("other", |(_, name)| name)
    }

    /// Whether cells are numbers.
    pub(crate) fn is_number(self) -> bool {
        !matches!(
            self,
            Role::Method
                | Role::Network
                | Role::Dataset
                | Role::Seed
                | Role::Scope
                | Role::Label
                | Role::Tied
                | Role::Origin
                | Role::Time
                | Role::Other
        )
    }

    /// Whether the column is one of what came out; other columns say what a row is of.
    pub(crate) fn is_result(self) -> bool {
        matches!(
            self,
            Role::Score
                | Role::Mean
                | Role::Base
                | Role::Delta
                | Role::Rank
                | Role::Tied
                | Role::AverageRank
                | Role::Spread
                | Role::Low
                | Role::High
                | Role::Seeds
                | Role::Trials
                | Role::Time
        )
    }

    /// Whether cells are sizes or shares of sizes.
    pub(crate) fn is_size(self) -> bool {
        (Role::Sparsity..=Role::Sparsity).contains(&self) || (Role::Params..=Role::SpeedUp).contains(&self)
    }

    /// Whether cells are shares of a whole.
    pub(crate) fn is_share(self) -> bool {
        matches!(
            self,
            Role::Keep
                | Role::Requested
                | Role::Sparsity
                | Role::ParamsLeft
                | Role::ParamsCut
                | Role::MacsLeft
                | Role::MacsCut
                | Role::FlopsLeft
                | Role::FlopsCut
        )
    }
}

/// What else may be said of a column, behind its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleOption {
    /// 100 is the whole.
    Percent,
    /// 1 is the whole.
    Fraction,
    /// Times a thousand, a million or a thousand million.
    Times(u64),
    /// The higher, the better.
    HigherIsBetter,
    /// The lower, the better.
    LowerIsBetter,
    /// Differences are dense minus pruned.
    Drop,
    /// Differences are pruned minus dense.
    Gain,
}

impl RoleOption {
    /// Every option with its name.
    pub const ALL: [(RoleOption, &'static str); 9] = [
        (RoleOption::Percent, "percent"),
        (RoleOption::Fraction, "fraction"),
        (RoleOption::Times(1_000), "k"),
        (RoleOption::Times(1_000_000), "M"),
        (RoleOption::Times(1_000_000_000), "G"),
        (RoleOption::HigherIsBetter, "higher-is-better"),
        (RoleOption::LowerIsBetter, "lower-is-better"),
        (RoleOption::Drop, "drop"),
        (RoleOption::Gain, "gain"),
    ];
}
