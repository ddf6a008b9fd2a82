/// The database's schema: the whole of today's, of which new databases are made, and the steps that led to
/// it, which bring older ones up to it. A test holds what the steps make to the whole.
enum Schema {
  /// The whole of today's: `TraceSchemas/operator-latency.sql`.
  static var current: String {
    String(decoding: PackageResources.operator_latency_sql, as: UTF8.self)
  }

  /// Marks a SQLite file as an operator-latency database (`PRAGMA application_id`): "RPRS".
  static let applicationID = 0x5250_5253

  /// Version 1. Released: never edit it.
  static let version1 = #"""
    -- The operator-latency database, version 1 (PRAGMA user_version is kept by the migrations).
    -- Open it with any SQLite: sqlite3 -box lat.sqlite 'select * from coverage'.
    -- All durations are nanoseconds, all sizes elements or bytes as their names say.

    -- A device as its sources name it.
    CREATE TABLE device (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    ) STRICT;

    -- The software that ran the operators.
    CREATE TABLE runtime (
      id INTEGER PRIMARY KEY,
      framework TEXT NOT NULL,
      version TEXT NOT NULL,
      UNIQUE (framework, version)
    ) STRICT;

    -- One imported file, with the arguments that its reading depends on. All of its rows are here, or
    -- none is.
    CREATE TABLE source (
      id INTEGER PRIMARY KEY,
      path TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      format TEXT NOT NULL,
      importer_version INTEGER NOT NULL,
      arguments TEXT NOT NULL,
      device_id INTEGER NOT NULL REFERENCES device (id),
      runtime_id INTEGER NOT NULL REFERENCES runtime (id),
      bytes INTEGER NOT NULL,
      records_read INTEGER NOT NULL,
      records_used INTEGER NOT NULL,
      UNIQUE (sha256, device_id)
    ) STRICT;

    -- Where a source's measured time went: by which rule it was attributed, or why it was not.
    CREATE TABLE attribution (
      source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
      rule TEXT NOT NULL,
      used INTEGER NOT NULL CHECK (used IN (0, 1)),
      events INTEGER NOT NULL,
      total_ns INTEGER NOT NULL,
      PRIMARY KEY (source_id, rule)
    ) STRICT, WITHOUT ROWID;

    -- An operator with its static attributes, on a device, under a runtime.
    CREATE TABLE curve (
      id INTEGER PRIMARY KEY,
      device_id INTEGER NOT NULL REFERENCES device (id),
      runtime_id INTEGER NOT NULL REFERENCES runtime (id),
      kind TEXT NOT NULL,
      data_type TEXT NOT NULL,
      attributes TEXT NOT NULL,
      axes TEXT NOT NULL,
      UNIQUE (device_id, runtime_id, kind, data_type, attributes)
    ) STRICT;

    -- A point on a curve: sizes along the curve's axes, and the durations measured there.
    CREATE TABLE sample (
      id INTEGER PRIMARY KEY,
      curve_id INTEGER NOT NULL REFERENCES curve (id),
      source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
      axis0 INTEGER NOT NULL,
      axis1 INTEGER NOT NULL,
      axis2 INTEGER NOT NULL,
      axis3 INTEGER NOT NULL,
      axis4 INTEGER NOT NULL,
      label TEXT NOT NULL,
      count INTEGER NOT NULL CHECK (count > 0),
      minimum_ns REAL NOT NULL,
      median_ns REAL NOT NULL,
      mean_ns REAL NOT NULL,
      deviation_ns REAL NOT NULL
    ) STRICT;

    -- The kernels behind a sample, by the names that the profiler gave them.
    CREATE TABLE kernel (
      id INTEGER PRIMARY KEY,
      sample_id INTEGER NOT NULL REFERENCES sample (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      count INTEGER NOT NULL,
      total_ns INTEGER NOT NULL
    ) STRICT;

    -- A measured engine step: the sums over its batch, and how long it took.
    CREATE TABLE step (
      id INTEGER PRIMARY KEY,
      source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
      start_ns INTEGER NOT NULL,
      duration_ns INTEGER NOT NULL,
      prefill_sequences INTEGER NOT NULL,
      prefill_tokens INTEGER NOT NULL,
      prefill_pairs INTEGER NOT NULL,
      prefill_context INTEGER NOT NULL,
      decode_sequences INTEGER NOT NULL,
      decode_context INTEGER NOT NULL,
      longest_decode_context INTEGER NOT NULL,
      sampled_sequences INTEGER NOT NULL
    ) STRICT;

    -- What was fitted for a deployment, on what, and with what error.
    CREATE TABLE calibration (
      id INTEGER PRIMARY KEY,
      device TEXT NOT NULL,
      model TEXT NOT NULL,
      data_type TEXT NOT NULL,
      tensor_parallel INTEGER NOT NULL,
      fitted_on TEXT NOT NULL,
      steps INTEGER NOT NULL,
      device_scale REAL NOT NULL,
      per_step_ns REAL NOT NULL,
      per_sequence_ns REAL NOT NULL,
      per_token_ns REAL NOT NULL,
      error_before REAL NOT NULL,
      error_held_out REAL NOT NULL,
      UNIQUE (device, model, data_type, tensor_parallel)
    ) STRICT;

    CREATE INDEX sample_by_curve ON sample (curve_id);
    CREATE INDEX sample_by_source ON sample (source_id);
    CREATE INDEX kernel_by_sample ON kernel (sample_id);
    CREATE INDEX step_by_source ON step (source_id);

    -- How much of each source's measured time was attributed, by which rule.
    CREATE VIEW coverage AS
    SELECT
      source.id AS source,
      device.name AS device,
      source.format AS format,
      attribution.rule AS rule,
      CASE attribution.used WHEN 1 THEN 'used' ELSE 'excluded' END AS verdict,
      attribution.events AS events,
      round(100.0 * attribution.events
        / max(1, total(attribution.events) OVER (PARTITION BY source.id)), 1) AS "events %",
      round(attribution.total_ns / 1e6, 3) AS "time ms",
      round(100.0 * attribution.total_ns
        / max(1, total(attribution.total_ns) OVER (PARTITION BY source.id)), 1) AS "time %"
    FROM attribution
    JOIN source ON source.id = attribution.source_id
    JOIN device ON device.id = source.device_id
    ORDER BY source.id, attribution.used DESC, attribution.total_ns DESC, attribution.rule;

    -- The operators known for each device, and how many points and measurements they rest on.
    CREATE VIEW curves AS
    SELECT
      device.name AS device,
      trim(runtime.framework || ' ' || runtime.version) AS runtime,
      curve.kind AS operator,
      curve.attributes AS attributes,
      curve.data_type AS type,
      count(*) AS points,
      CAST(total(sample.count) AS INTEGER) AS measurements,
      round(min(sample.median_ns) / 1e3, 3) AS "min µs",
      round(max(sample.median_ns) / 1e3, 3) AS "max µs"
    FROM curve
    JOIN device ON device.id = curve.device_id
    JOIN runtime ON runtime.id = curve.runtime_id
    JOIN sample ON sample.curve_id = curve.id
    GROUP BY curve.id
    ORDER BY device.name, curve.kind, curve.attributes, curve.data_type;

    -- The kernels that took the most time.
    CREATE VIEW top_kernels AS
    SELECT
      device.name AS device,
      kernel.name AS kernel,
      curve.kind AS operator,
      CAST(total(kernel.count) AS INTEGER) AS count,
      round(total(kernel.total_ns) / 1e6, 3) AS "time ms",
      round(100.0 * total(kernel.total_ns)
        / max(1, total(total(kernel.total_ns)) OVER (PARTITION BY device.id)), 1) AS "time %"
    FROM kernel
    JOIN sample ON sample.id = kernel.sample_id
    JOIN curve ON curve.id = sample.curve_id
    JOIN device ON device.id = curve.device_id
    GROUP BY device.id, kernel.name, curve.kind
    ORDER BY total(kernel.total_ns) DESC, kernel.name;

    -- Samples whose own measurements disagree: a deviation above half of the mean.
    CREATE VIEW outliers AS
    SELECT
      device.name AS device,
      curve.kind AS operator,
      sample.label AS sample,
      sample.count AS count,
      round(sample.minimum_ns / 1e3, 3) AS "min µs",
      round(sample.median_ns / 1e3, 3) AS "median µs",
      round(sample.mean_ns / 1e3, 3) AS "mean µs",
      round(100.0 * sample.deviation_ns / sample.mean_ns, 1) AS "deviation %"
    FROM sample
    JOIN curve ON curve.id = sample.curve_id
    JOIN device ON device.id = curve.device_id
    WHERE sample.count > 1 AND sample.mean_ns > 0 AND sample.deviation_ns > 0.5 * sample.mean_ns
    ORDER BY sample.deviation_ns / sample.mean_ns DESC, sample.id;
    """#

  /// Version 2: what a source says about itself, the launches behind a kernel, and annotated steps.
  static let version2 = #"""
    CREATE TABLE source_fact (
      source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (source_id, name)
    ) STRICT, WITHOUT ROWID;

    ALTER TABLE kernel ADD COLUMN class TEXT NOT NULL DEFAULT '';
    ALTER TABLE kernel ADD COLUMN library TEXT NOT NULL DEFAULT '';

    CREATE TABLE kernel_event (
      kernel_id INTEGER NOT NULL REFERENCES kernel (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      place INTEGER NOT NULL,
      length INTEGER NOT NULL,
      duration_ns INTEGER NOT NULL,
      PRIMARY KEY (kernel_id, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE new_step (
      id INTEGER PRIMARY KEY,
      source_id INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
      origin TEXT NOT NULL CHECK (origin IN ('engine', 'annotation')),
      name TEXT NOT NULL DEFAULT '',
      start_ns INTEGER NOT NULL,
      duration_ns INTEGER NOT NULL,
      kernels INTEGER,
      kernel_ns INTEGER,
      prefill_sequences INTEGER,
      prefill_tokens INTEGER,
      prefill_pairs INTEGER,
      prefill_context INTEGER,
      decode_sequences INTEGER,
      decode_context INTEGER,
      longest_decode_context INTEGER,
      sampled_sequences INTEGER
    ) STRICT;
    INSERT INTO new_step (id, source_id, origin, start_ns, duration_ns, prefill_sequences,
      prefill_tokens, prefill_pairs, prefill_context, decode_sequences, decode_context,
      longest_decode_context, sampled_sequences)
    SELECT id, source_id, 'engine', start_ns, duration_ns, prefill_sequences, prefill_tokens,
      prefill_pairs, prefill_context, decode_sequences, decode_context, longest_decode_context,
      sampled_sequences
    FROM step;
    DROP TABLE step;
    ALTER TABLE new_step RENAME TO step;
    CREATE INDEX step_by_source ON step (source_id);

    DROP VIEW top_kernels;

    -- The kernels that took the most time, with what their names tell.
    CREATE VIEW top_kernels AS
    SELECT
      device.name AS device,
      kernel.name AS kernel,
      kernel.class AS class,
      kernel.library AS library,
      curve.kind AS operator,
      CAST(total(kernel.count) AS INTEGER) AS count,
      round(total(kernel.total_ns) / 1e6, 3) AS "time ms",
      round(100.0 * total(kernel.total_ns)
        / max(1, total(total(kernel.total_ns)) OVER (PARTITION BY device.id)), 1) AS "time %"
    FROM kernel
    JOIN sample ON sample.id = kernel.sample_id
    JOIN curve ON curve.id = sample.curve_id
    JOIN device ON device.id = curve.device_id
    GROUP BY device.id, kernel.name, kernel.class, kernel.library, curve.kind
    ORDER BY total(kernel.total_ns) DESC, kernel.name;

    -- The kernels' time by what they compute and whose they are; 'other' are those that no rule of
    -- the table of kernel names knows.
    CREATE VIEW kernel_classes AS
    SELECT
      device.name AS device,
      coalesce(nullif(kernel.class, ''), 'other') AS class,
      kernel.library AS library,
      count(DISTINCT kernel.name) AS kernels,
      CAST(total(kernel.count) AS INTEGER) AS count,
      round(total(kernel.total_ns) / 1e6, 3) AS "time ms",
      round(100.0 * total(kernel.total_ns)
        / max(1, total(total(kernel.total_ns)) OVER (PARTITION BY device.id)), 1) AS "time %"
    FROM kernel
    JOIN sample ON sample.id = kernel.sample_id
    JOIN curve ON curve.id = sample.curve_id
    JOIN device ON device.id = curve.device_id
    GROUP BY device.id, kernel.class, kernel.library
    ORDER BY device.name, total(kernel.total_ns) DESC, kernel.class, kernel.library;

    -- Every sample, with its number and its sizes in the order of the axes.
    CREATE VIEW samples AS
    SELECT
      sample.id AS sample,
      sample.source_id AS source,
      device.name AS device,
      curve.kind AS operator,
      curve.attributes AS attributes,
      curve.data_type AS type,
      curve.axes AS axes,
      CASE
        WHEN curve.axes = '' THEN ''
        WHEN instr(curve.axes, ' ') = 0 THEN CAST(sample.axis0 AS TEXT)
        ELSE sample.axis0 || ' ' || sample.axis1 || ' ' || sample.axis2 || ' ' || sample.axis3
          || ' ' || sample.axis4
      END AS sizes,
      sample.count AS count,
      round(sample.median_ns / 1e3, 3) AS "median µs",
      sample.label AS label
    FROM sample
    JOIN curve ON curve.id = sample.curve_id
    JOIN device ON device.id = curve.device_id
    ORDER BY sample.id;
    """#

  /// Calibrations fitted on requests: on what, and with what standard errors; NULL where a number
  /// was not fitted.
  static let calibrationsFromRequests = #"""
    ALTER TABLE calibration ADD COLUMN fitted_sha256 TEXT NOT NULL DEFAULT '';
    ALTER TABLE calibration ADD COLUMN basis TEXT NOT NULL DEFAULT 'steps';
    ALTER TABLE calibration ADD COLUMN hides_host INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE calibration ADD COLUMN device_scale_se REAL;
    ALTER TABLE calibration ADD COLUMN per_step_se_ns REAL;
    ALTER TABLE calibration ADD COLUMN per_sequence_se_ns REAL;
    ALTER TABLE calibration ADD COLUMN per_token_se_ns REAL;
    """#

  /// Calibrations of collectives, and whether steps are padded to captured graphs; NULL where the
  /// deployment named none.
  static let calibrationsOfGraphs = #"""
    ALTER TABLE calibration ADD COLUMN collective_scale REAL NOT NULL DEFAULT 1;
    ALTER TABLE calibration ADD COLUMN collective_scale_se REAL;
    ALTER TABLE calibration ADD COLUMN pads_to_graphs INTEGER
      CHECK (pads_to_graphs IN (0, 1));
    """#
}
