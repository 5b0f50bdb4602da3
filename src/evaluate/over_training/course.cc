#include "evaluate/over_training/course.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/progress.h"
#include "checkpoint/step_folder.h"
#include "checkpoint/step_link.h"
#include "checkpoint/validation_text.h"
#include "evaluate/probes/probes.h"
#include "predict/loss.h"
#include "text/corpus/corpus.h"

namespace qkv::evaluate {
namespace fs = std::filesystem;
namespace {

/// The beginning of the text: its first lines, or parts of the length of the context.
inspect::IdRows first_rows(const text::TokenFile& tokens, const spec::ModelConfig& model) {
  constexpr std::uint64_t kMostTokens = 8192;
  const auto context = static_cast<std::uint64_t>(model.context);
  inspect::IdRows rows;
  std::uint64_t document = 0;
  for (std::uint64_t begin = 0; begin < std::min(tokens.size(), kMostTokens);) {
    std::uint64_t end = std::min(begin + context, tokens.size());
    if (tokens.documents() > 0) end = tokens.document_begin(++document);
    std::vector<std::int32_t>& row = rows.emplace_back(std::min(end - begin, context));
    tokens.read(begin, row);
    begin = end;
  }
  return rows;
}

Course course_of(const SnapshotRun& run, const checkpoint::Checkpoint& of_run,
                 const Questions& questions, int threads) {
  const spec::ModelConfig& model = of_run.config.model;
  const text::TokenFile tokens =
      questions.data.empty()
          ? checkpoint::validation_text(of_run, "--data FILE").tokens
          : text::open_tokens(questions.data, of_run.tokenizer, of_run.config.data.layout);
  std::optional<AskedProbes> probes;
  if (!questions.probes.empty()) {
    probes.emplace(askable_probes(questions.probes, model.causal()), of_run.tokenizer,
                   of_run.config.data.layout, model);
  }
  const inspect::IdRows rows = model.has_scores() ? first_rows(tokens, model) : inspect::IdRows();

  Course course;
  course.run = checkpoint::checkpoint_name(run.path);
  course.steps = run.steps;
  base::Progress progress("measuring", "snapshots", run.steps.size());
  for (const std::int64_t step : run.steps) {
    const fs::path path = run.snapshots.step_path(step);
    const auto snapshot = checkpoint::open_snapshot(path, of_run);
    const double loss = predict::score_text(*snapshot, tokens, of_run.config.seed, threads).loss();
    if (!std::isfinite(loss))
      throw base::Error(base::concat(path.string(), ": the loss is ", loss, ", not finite"));
    course.loss.push_back(loss);
    if (probes) {
      const std::vector<FamilyScore> scores = score_probes(*snapshot, *probes, threads);
      course.families.resize(scores.size());
      for (std::size_t at = 0; at < scores.size(); ++at) {
        Course::Family& family = course.families[at];
        family.name = scores[at].family;
        family.guessing = scores[at].count.guessing();
        family.accuracy.push_back(scores[at].count.accuracy());
      }
    }
    if (model.has_scores()) course.heads.push_back(inspect::head_scores(*snapshot, rows, threads));
    progress.update(course.loss.size(), base::concat("loss ", base::fixed(loss, 4)));
  }
  return course;
}

}  // namespace

SnapshotRun open_snapshots(const fs::path& run) {
  if (checkpoint::holds_weights(run) || checkpoint::read_step_link(run)) {
    throw base::Error(base::concat(run.string(),
                                   ": found a checkpoint, expected the folder of a run, since "
                                   "--over-training measures the snapshots of a whole run"));
  }
  checkpoint::find_checkpoint(run);  // says what is there otherwise
  SnapshotRun out{.path = run, .snapshots = checkpoint::SnapshotFolder(run), .steps = {}};
  out.steps = out.snapshots.steps();
  if (out.steps.empty()) {
    throw base::Error(base::concat(run.string(),
                                   ": found no snapshots, expected a run that was trained with "
                                   "checkpoints.snapshots \"log\" or a list of steps"));
  }
  return out;
}

void require_same_steps(const std::vector<SnapshotRun>& runs) {
  for (const SnapshotRun& run : runs) {
    const SnapshotRun& first = runs.front();
    if (run.steps == first.steps) continue;
    throw base::Error(
        base::concat(run.path.string(), ": found ", run.steps.size(), " snapshots up to step ",
                     run.steps.back(), ", expected the same steps as the ", first.steps.size(),
                     " up to step ", first.steps.back(), " of ", first.path.string()));
  }
}

std::vector<Course> courses_of(const std::vector<SnapshotRun>& runs,
                               const std::vector<checkpoint::Checkpoint>& checkpoints,
                               const Questions& questions, int threads) {
  for (std::size_t at = 0; !questions.probes.empty() && at < runs.size(); ++at) {
    const spec::Objective found = checkpoints[at].config.model.objective;
    const spec::Objective expected = checkpoints.front().config.model.objective;
    if (found == expected) continue;
    throw base::Error(base::concat(runs[at].path.string(), ": found a model with the objective \"",
                                   found, "\", expected \"", expected, "\" as in ",
                                   runs.front().path.string(),
                                   ", so that all are asked the same probes"));
  }
  std::vector<Course> courses;
  for (std::size_t at = 0; at < runs.size(); ++at)
    courses.push_back(course_of(runs[at], checkpoints[at], questions, threads));
  return courses;
}

std::int64_t half_way(const std::vector<std::int64_t>& steps, const std::vector<double>& values) {
  const double change = values.back() - values.front();
  std::size_t at = 0;
  while (std::abs(values[at] - values.front()) < std::abs(change) / 2 ||
         (values[at] - values.front()) * change < 0)
    ++at;
  return steps[at];
}

std::vector<double> head_course(const Course& course, const HeadMeasure& measure,
                                std::size_t head) {
  std::vector<double> values;
  for (const inspect::HeadScores& scores : course.heads)
    values.push_back((scores.*measure.score).values[head]);
  return values;
}

std::vector<double> highest_head(const Course& course, const HeadMeasure& measure) {
  std::vector<double> values;
  for (const inspect::HeadScores& scores : course.heads) {
    const std::vector<double>& heads = (scores.*measure.score).values;
    values.push_back(*std::max_element(heads.begin(), heads.end()));
  }
  return values;
}

}  // namespace qkv::evaluate
