/* secateur_plugin.hpp - what an author in C++17 puts between a method and the C contract of secateur_plugin.h.
 *
 * Header-only. It keeps the contract's rules that a compiler cannot check: nothing is thrown through the border (`guard`), every
 * failure is told once and in words (`Error`, `Refused`), tensors are freed (`Tensor`), tables of the host are asked for by their
 * type and are as large as this header believes (`extension`), and unknown parameters are refused (`Parameters`).
 *
 *   struct Magnitude {
 *     static constexpr const char *id = "org.example.magnitude", *name = ..., *version = ..., *summary = ..., *citation = nullptr;
 *     static constexpr const char *params_schema = secateur::no_parameters;
 *     static constexpr uint32_t flags = SECATEUR_METHOD_WEIGHT | SECATEUR_METHOD_DETERMINISTIC;
 *     explicit Magnitude(secateur::Parameters &) {}
 *     void prune(secateur::Run &run, const secateur::Request &request);  // answers all targets
 *   };
 *   SECATEUR_EXPORT_PLUGIN(Magnitude)
 *
 * libtorch's C++ API is included, and with it the plugin is bound to one version of libtorch. Define SECATEUR_WITHOUT_LIBTORCH to
 * do without: tensors are then handles that go from host to host, or to functions of libtorch's C shim.
 */
#ifndef SECATEUR_PLUGIN_HPP
#define SECATEUR_PLUGIN_HPP

#include "secateur_plugin.h"

#include <cstdint>
#include <exception>
#include <locale>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#ifndef SECATEUR_WITHOUT_LIBTORCH
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/headeronly/version.h>
#else
/* libtorch's C shim; a tensor of the host is freed by libtorch and by nobody else. */
extern "C" int32_t aoti_torch_delete_tensor_object(secateur_tensor tensor);
/* The libtorch whose C shim is used, as in secateur_build_info; the host's may be newer. Define it if yours needs more than 2.10. */
#ifndef SECATEUR_SHIM_VERSION
#define SECATEUR_SHIM_VERSION (UINT64_C(2) << 56 | UINT64_C(10) << 48)
#endif
#endif

namespace secateur {

/* ---- errors ------------------------------------------------------------- */

/* A failure of the plugin's own, with a message for people: what is wrong, where, and what to do. */
class Error : public std::exception {
 public:
  Error(secateur_status status, std::string message) : status_(status), message_(std::move(message)) {}
  static Error invalid(std::string message) { return Error(SECATEUR_E_INVALID, std::move(message)); }
  static Error unsupported(std::string message) { return Error(SECATEUR_E_UNSUPPORTED, std::move(message)); }
  static Error infeasible(std::string message) { return Error(SECATEUR_E_INFEASIBLE, std::move(message)); }
  secateur_status status() const noexcept { return status_; }
  const char *what() const noexcept override { return message_.c_str(); }

 private:
  secateur_status status_;
  std::string message_;
};

/* The host failed, and the sink has its message already: what is left to do is to return. */
struct Refused {
  secateur_status status;
};

/* What the host answered, or `Refused`. */
inline secateur_status check(secateur_status status) {
  if (status < 0) throw Refused{status};
  return status;
}

inline secateur_str str(const char *text) noexcept { return secateur_str{text, std::char_traits<char>::length(text)}; }
inline secateur_str str(const std::string &text) noexcept { return secateur_str{text.data(), text.size()}; }
inline std::string text(secateur_str str) { return str.len == 0 ? std::string() : std::string(str.ptr, str.len); }

/* Tells the sink, which may be null, and gives the status back. */
inline secateur_status report(const secateur_error_sink *err, secateur_status status, const char *message) noexcept {
  if (err != nullptr) err->set(err->ctx, status, str(message), secateur_str{"", 0});
  return status;
}

/* Runs the body of a function that the host calls. What is thrown becomes a status with a message. The body returns a status, or
   nothing for SECATEUR_OK. */
template <class Body>
secateur_status guard(const secateur_error_sink *err, Body &&body) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return SECATEUR_OK;
    } else {
      return body();
    }
  } catch (const Refused &refused) {
    return refused.status;
  } catch (const Error &error) {
    return report(err, error.status(), error.what());
#ifndef SECATEUR_WITHOUT_LIBTORCH
  } catch (const c10::Error &error) {
    /* Its `what` has a backtrace of many lines, which tells people nothing about their network. */
    return report(err, SECATEUR_E_TORCH, error.what_without_backtrace());
#endif
  } catch (const std::bad_alloc &) {
    return report(err, SECATEUR_E_INTERNAL, "there is not enough memory");
  } catch (const std::exception &error) {
    return report(err, SECATEUR_E_INTERNAL, error.what());
  } catch (...) {
    /* Nobody knows in which state that leaves the instance, so the host is told to leave it alone. */
    return report(err, SECATEUR_E_PANIC, "something was thrown that is no std::exception");
  }
}

/* ---- tensors ------------------------------------------------------------ */

/* A tensor that belongs to the plugin. */
class Tensor {
 public:
  Tensor() noexcept = default;
  /* Takes a handle that a host function gave. */
  explicit Tensor(secateur_tensor handle) noexcept : handle_(handle) {}
  Tensor(Tensor &&other) noexcept : handle_(other.release()) {}
  Tensor &operator=(Tensor &&other) noexcept {
    if (this != &other) {
      reset();
      handle_ = other.release();
    }
    return *this;
  }
  Tensor(const Tensor &) = delete;
  Tensor &operator=(const Tensor &) = delete;
  ~Tensor() { reset(); }

  /* Whether there is one: no gradient yet, no mask, no extra loss are null. */
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  /* To lend it to the host for a call. */
  secateur_tensor get() const noexcept { return handle_; }
  /* For an out-parameter. */
  secateur_tensor *out() noexcept {
    reset();
    return &handle_;
  }
  /* To give it to the host, or to a function that frees it. */
  secateur_tensor release() noexcept { return std::exchange(handle_, nullptr); }

#ifndef SECATEUR_WITHOUT_LIBTORCH
  explicit Tensor(at::Tensor tensor) : handle_(reinterpret_cast<secateur_tensor>(new at::Tensor(std::move(tensor)))) {}
  /* libtorch's own; an alias as long as this lives. */
  at::Tensor &operator*() const {
    if (handle_ == nullptr) throw Error(SECATEUR_E_INTERNAL, "there is no tensor here; ask before with `if (tensor)`");
    return *reinterpret_cast<at::Tensor *>(handle_);
  }
  at::Tensor *operator->() const { return &**this; }
#endif

 private:
  void reset() noexcept {
    if (handle_ == nullptr) return;
#ifndef SECATEUR_WITHOUT_LIBTORCH
    delete reinterpret_cast<at::Tensor *>(handle_);
#else
    aoti_torch_delete_tensor_object(handle_);
#endif
    handle_ = nullptr;
  }
  secateur_tensor handle_ = nullptr;
};

#ifndef SECATEUR_WITHOUT_LIBTORCH
/* A tensor of libtorch's, lent to the host for a call. */
inline secateur_tensor lend(const at::Tensor &tensor) noexcept {
  return reinterpret_cast<secateur_tensor>(const_cast<at::Tensor *>(&tensor));
}
/* A tensor that the host lends, in a hook. */
inline const at::Tensor &borrow(secateur_tensor handle) noexcept { return *reinterpret_cast<const at::Tensor *>(handle); }
#endif

/* ---- extensions --------------------------------------------------------- */

template <class Table> struct ExtensionId;
template <> struct ExtensionId<secateur_ext_log> { static constexpr const char *value = SECATEUR_EXT_LOG; };
template <> struct ExtensionId<secateur_ext_run> { static constexpr const char *value = SECATEUR_EXT_RUN; };
template <> struct ExtensionId<secateur_ext_graph> { static constexpr const char *value = SECATEUR_EXT_GRAPH; };
template <> struct ExtensionId<secateur_ext_model> { static constexpr const char *value = SECATEUR_EXT_MODEL; };
template <> struct ExtensionId<secateur_ext_calibration> { static constexpr const char *value = SECATEUR_EXT_CALIB; };
template <> struct ExtensionId<secateur_ext_boxes> { static constexpr const char *value = SECATEUR_EXT_BOXES; };
template <> struct ExtensionId<secateur_ext_plan> { static constexpr const char *value = SECATEUR_EXT_PLAN; };
template <> struct ExtensionId<secateur_ext_train> { static constexpr const char *value = SECATEUR_EXT_TRAIN; };

/* A table of the host, or null where it has none, or one that is older than this header. */
template <class Table>
const Table *find_extension(const secateur_host *host) noexcept {
  const void *table = host->get_extension(host, ExtensionId<Table>::value);
  /* All tables begin with their size. */
  if (table == nullptr || *static_cast<const uint32_t *>(table) < sizeof(Table)) return nullptr;
  return static_cast<const Table *>(table);
}

/* A table that the method cannot do without. */
template <class Table>
const Table &extension(const secateur_host *host) {
  const Table *table = find_extension<Table>(host);
  if (table == nullptr) {
    throw Error::unsupported(std::string("the host has no `") + ExtensionId<Table>::value + "`, or one that is older than this plugin");
  }
  return *table;
}

/* ---- parameters --------------------------------------------------------- */

/* `params_schema` of a method without parameters. */
constexpr const char *no_parameters = "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}";

/* The parameters of a method: a JSON object of numbers, texts and truth values. Asking for one marks it as known; what is left
   over afterwards is refused. */
class Parameters {
 public:
  explicit Parameters(secateur_str json) : at_(json.ptr), end_(json.ptr + json.len) {
    skip();
    if (at_ == end_) return;
    expect('{', "an object");
    skip();
    if (peek() == '}') {
      ++at_;
    } else {
      do {
        skip();
        std::string key = read_string();
        skip();
        expect(':', "a colon");
        Value value = read_value(0);
        if (!values_.emplace(key, std::move(value)).second) throw Error::invalid("`" + key + "` is there twice");
        skip();
      } while (take(','));
      expect('}', "`}`");
    }
    skip();
    if (at_ != end_) throw malformed("the end");
  }

  double number(const char *key, double otherwise) {
    const Value *value = find(key, Kind::number, "a number");
    return value == nullptr ? otherwise : value->number;
  }
  uint64_t whole(const char *key, uint64_t otherwise) {
    const Value *value = find(key, Kind::number, "a whole number");
    if (value == nullptr) return otherwise;
    /* Beyond 2^53 not every whole number is a double, and no parameter is that large. */
    if (!(value->number >= 0 && value->number <= 9007199254740992.0) ||
        static_cast<double>(static_cast<uint64_t>(value->number)) != value->number) {
      throw Error::invalid(std::string("`") + key + "` is " + value->text + ", which is no whole number from 0 on");
    }
    return static_cast<uint64_t>(value->number);
  }
  bool truth(const char *key, bool otherwise) {
    const Value *value = find(key, Kind::truth, "true or false");
    return value == nullptr ? otherwise : value->number != 0;
  }
  std::string word(const char *key, const char *otherwise) {
    const Value *value = find(key, Kind::text, "a text");
    return value == nullptr ? otherwise : value->text;
  }
  /* How scores compete: `global`, `uniform` or `erk`. */
  uint32_t scope(const char *key, uint32_t otherwise) {
    const std::string name = word(key, "");
    if (values_.find(key) == values_.end()) return otherwise;
    if (name == "global") return SECATEUR_SCOPE_GLOBAL;
    if (name == "uniform") return SECATEUR_SCOPE_UNIFORM;
    if (name == "erk") return SECATEUR_SCOPE_ERK;
    throw Error::invalid(std::string("`") + key + "` is \"" + name + "\"; there are global, uniform and erk");
  }

  /* Refuses what nobody asked for: most of it is misspelt. */
  void refuse_others() const {
    for (const auto &entry : values_) {
      if (known_.count(entry.first) != 0) continue;
      std::string names;
      for (const std::string &name : known_) names += (names.empty() ? "" : ", ") + name;
      throw Error::invalid("unknown parameter `" + entry.first + "`; " +
                           (names.empty() ? std::string("there are none") : "there are: " + names));
    }
  }

 private:
  enum class Kind { null, truth, number, text, other };
  struct Value {
    Kind kind = Kind::null;
    double number = 0;
    std::string text;
  };

  const Value *find(const char *key, Kind kind, const char *expected) {
    known_.insert(key);
    const auto found = values_.find(key);
    if (found == values_.end()) return nullptr;
    if (found->second.kind != kind) throw Error::invalid(std::string("`") + key + "` is not " + expected);
    return &found->second;
  }
  Error malformed(const char *expected) const {
    std::string found = at_ == end_ ? "the end" : std::string("`") + *at_ + "`";
    return Error::invalid(std::string("the parameters are no JSON object: expected ") + expected + ", found " + found);
  }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  bool take(char wanted) {
    if (peek() != wanted || at_ == end_) return false;
    ++at_;
    return true;
  }
  void expect(char wanted, const char *name) {
    if (!take(wanted)) throw malformed(name);
  }
  void skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  Value read_value(int depth) {
    if (depth > 32) throw Error::invalid("the parameters are nested too deeply");
    skip();
    Value value;
    const char first = peek();
    if (first == '"') {
      value.kind = Kind::text;
      value.text = read_string();
    } else if (first == '{' || first == '[') {
      /* Read to its end and not kept: whoever asks for it is told that it is something else. */
      value.kind = Kind::other;
      const char last = first == '{' ? '}' : ']';
      ++at_;
      skip();
      if (take(last)) return value;
      do {
        skip();
        if (first == '{') {
          read_string();
          skip();
          expect(':', "a colon");
        }
        read_value(depth + 1);
        skip();
      } while (take(','));
      expect(last, "a comma or the end of a list");
    } else if (first == '-' || (first >= '0' && first <= '9')) {
      value.kind = Kind::number;
      const char *from = at_;
      while (at_ != end_ && std::char_traits<char>::find("+-.0123456789eE", 15, *at_) != nullptr) ++at_;
      value.text.assign(from, at_);
      /* A point is a point, whatever the process' locale says. */
      std::istringstream stream(value.text);
      stream.imbue(std::locale::classic());
      if (!(stream >> value.number) || !stream.eof()) throw Error::invalid("`" + value.text + "` is not a number");
    } else if (word_is("true") || word_is("false")) {
      value.kind = Kind::truth;
      value.number = first == 't' ? 1 : 0;
    } else if (!word_is("null")) {
      throw malformed("a value");
    }
    return value;
  }
  bool word_is(const char *word) {
    const size_t length = std::char_traits<char>::length(word);
    if (static_cast<size_t>(end_ - at_) < length || std::char_traits<char>::compare(at_, word, length) != 0) return false;
    at_ += length;
    return true;
  }
  std::string read_string() {
    expect('"', "a quoted name or text");
    std::string result;
    while (!take('"')) {
      if (at_ == end_) throw malformed("`\"`");
      if (*at_ != '\\') {
        result += *at_++;
        continue;
      }
      ++at_;
      const char escape = peek();
      if (at_ != end_) ++at_;
      switch (escape) {
        case '"': case '\\': case '/': result += escape; break;
        case 'b': result += '\b'; break;
        case 'f': result += '\f'; break;
        case 'n': result += '\n'; break;
        case 'r': result += '\r'; break;
        case 't': result += '\t'; break;
        case 'u': {
          uint32_t code = read_hex();
          if (code >= 0xd800 && code < 0xdc00 && word_is("\\u")) code = 0x10000 + ((code - 0xd800) << 10) + (read_hex() - 0xdc00);
          append_utf8(result, code);
          break;
        }
        default: throw malformed("an escape");
      }
    }
    return result;
  }
  uint32_t read_hex() {
    uint32_t code = 0;
    for (int digit = 0; digit < 4; ++digit) {
      const char c = peek();
      const uint32_t value = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                             : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                                    : 16;
      if (value == 16) throw malformed("four hexadecimal digits");
      code = code << 4 | value;
      ++at_;
    }
    return code;
  }
  static void append_utf8(std::string &result, uint32_t code) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) code = 0xfffd;
    if (code < 0x80) {
      result += static_cast<char>(code);
    } else if (code < 0x800) {
      result += static_cast<char>(0xc0 | code >> 6);
      result += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      if (code < 0x10000) {
        result += static_cast<char>(0xe0 | code >> 12);
      } else {
        result += static_cast<char>(0xf0 | code >> 18);
        result += static_cast<char>(0x80 | (code >> 12 & 0x3f));
      }
      result += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      result += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  const char *at_;
  const char *end_;
  std::map<std::string, Value> values_;
  std::set<std::string> known_;
};

/* ---- the run ------------------------------------------------------------ */

class Run;

/* Takes part while the host trains: a value of its own, not the method, because the host enters it while `prune` is running. */
class Hooks {
 public:
  virtual ~Hooks() = default;
  /* What the forward pass uses in place of a parameter of `TrainOptions::effective_params`; lent, and null for the weight itself. */
  virtual Tensor effective_weight(Run &, uint32_t param, secateur_tensor weight) {
    (void)param, (void)weight;
    return Tensor();
  }
  /* A scalar that is added to the loss, or null. */
  virtual Tensor extra_loss(Run &, uint64_t step) {
    (void)step;
    return Tensor();
  }
  /* Gradients are there, before masks and weight decay. SECATEUR_OK or SECATEUR_SKIP_STEP. */
  virtual secateur_status after_backward(Run &, uint64_t step) {
    (void)step;
    return SECATEUR_OK;
  }
  /* Before masks are applied again. SECATEUR_OK or SECATEUR_STOP_TRAINING. */
  virtual secateur_status after_step(Run &, uint64_t step) {
    (void)step;
    return SECATEUR_OK;
  }
};

/* How to train. */
struct TrainOptions {
  uint64_t steps = 0;
  double lr_scale = 1.0;
  bool restart_schedule = false;
  bool reset_optimizer = false;
  /* Parameters with an effective weight. */
  std::vector<uint32_t> effective_params = {};
  /* Leaf tensors of the method that the host's optimizer trains, too; lent. */
  std::vector<secateur_tensor> extra_params = {};
  double extra_weight_decay = 0.0;
};

/* Pictures and what they show; see `next` in secateur_plugin.h. */
struct Batch {
  Tensor input;
  Tensor target;
};

/* What is to be reached, keep descending. */
class Request {
 public:
  explicit Request(const secateur_request &raw) : raw_(&raw) {}
  uint32_t size() const noexcept { return raw_->n_targets; }
  const secateur_target &operator[](uint32_t index) const noexcept { return raw_->targets[index]; }
  const secateur_request &raw() const noexcept { return *raw_; }

 private:
  const secateur_request *raw_;
};

/* Tables of the host that every method needs. */
struct Tables {
  explicit Tables(const secateur_host *host)
      : host(host),
        run(extension<secateur_ext_run>(host)),
        graph(extension<secateur_ext_graph>(host)),
        model(extension<secateur_ext_model>(host)),
        plan(extension<secateur_ext_plan>(host)),
        log(find_extension<secateur_ext_log>(host)) {}
  const secateur_host *host;
  const secateur_ext_run &run;
  const secateur_ext_graph &graph;
  const secateur_ext_model &model;
  const secateur_ext_plan &plan;
  const secateur_ext_log *log;
};

/* The running call of `prune`, or of a hook. What the host refuses ends it by an exception. */
class Run {
 public:
  Run(const Tables &tables, secateur_ctx *ctx, const secateur_error_sink *err) : tables_(tables), ctx_(ctx), err_(err) {}

  /* For host functions that have no name here. */
  const Tables &tables() const noexcept { return tables_; }
  secateur_ctx *ctx() const noexcept { return ctx_; }
  const secateur_error_sink *err() const noexcept { return err_; }
  template <class Table> const Table &extension() const { return secateur::extension<Table>(tables_.host); }

  /* Long loops of the plugin's own ask this; host functions refuse by themselves. */
  bool is_cancelled() const { return tables_.run.cancelled(ctx_) != 0; }
  void stop_if_cancelled() const {
    if (is_cancelled()) throw Error(SECATEUR_E_CANCELLED, "the host asked to stop");
  }
  void progress(uint64_t done, uint64_t total, const char *what) const { tables_.run.progress(ctx_, done, total, str(what)); }
  /* The same label, the same seed. */
  uint64_t seed(const char *label) const { return tables_.run.seed(ctx_, str(label)); }
  secateur_allowance allowance() const {
    secateur_allowance allowance = {};
    allowance.struct_size = sizeof allowance;
    check(tables_.run.allowance(ctx_, &allowance, err_));
    return allowance;
  }
  /* Training steps that are left. */
  uint64_t left_steps() const {
    const secateur_allowance left = allowance();
    return left.batch == 0 ? 0 : left.left_samples / left.batch;
  }
  /* A line in the stage's log; SECATEUR_LOG_INFO and above are wanted. */
  void log(int32_t level, const std::string &message) const {
    if (tables_.log != nullptr && level >= static_cast<int32_t>(tables_.log->max_level)) {
      tables_.log->log(level, str("plugin"), str(message), str("{}"));
    }
  }

  std::vector<const secateur_param *> params() const {
    std::vector<const secateur_param *> found;
    for (uint32_t index = 0, count = tables_.graph.param_count(ctx_); index < count; ++index) {
      if (const secateur_param *param = tables_.graph.param(ctx_, index)) found.push_back(param);
    }
    return found;
  }
  /* The suite's prunable set, in the order of the network. */
  std::vector<const secateur_param *> prunable() const {
    std::vector<const secateur_param *> found;
    for (const secateur_param *param : params()) {
      if ((param->flags & SECATEUR_PARAM_PRUNABLE) != 0) found.push_back(param);
    }
    return found;
  }
  /* Groups of channels of which some may go. */
  std::vector<const secateur_group *> groups() const {
    std::vector<const secateur_group *> found;
    for (uint32_t index = 0, count = tables_.graph.group_count(ctx_); index < count; ++index) {
      const secateur_group *group = tables_.graph.group(ctx_, index);
      if (group != nullptr && (group->flags & SECATEUR_GROUP_PROTECTED) == 0) found.push_back(group);
    }
    return found;
  }

#ifndef SECATEUR_WITHOUT_LIBTORCH
  /* What each unit of a group has of a tensor of the member's parameter, as a row; zeros where a unit lacks an entry. */
  static at::Tensor rows(const secateur_group &group, const secateur_member &member, const at::Tensor &tensor) {
    const int64_t entries = static_cast<int64_t>(group.units) * member.width;
    const at::Tensor index = at::empty({entries}, at::kLong);
    for (int64_t entry = 0; entry < entries; ++entry) index.data_ptr<int64_t>()[entry] = member.index[entry];
    const at::Tensor there = index.ge(0).to(tensor.device());
    const at::Tensor by_entry = tensor.transpose(0, static_cast<int64_t>(member.dim)).reshape({tensor.size(member.dim), -1});
    const at::Tensor chosen = by_entry.index_select(0, index.clamp_min(0).to(tensor.device()));
    return chosen.mul(there.unsqueeze(1)).reshape({static_cast<int64_t>(group.units), -1});
  }
  /* The filters that make a group's channels: for each unit a row of all weights of convolutions and fully connected layers that
     make it. */
  at::Tensor filters(const secateur_group &group) const {
    std::vector<at::Tensor> parts;
    for (uint32_t index = 0; index < group.n_members; ++index) {
      const secateur_member &member = *group.members[index];
      const Tensor weight = this->weight(member.param);
      if (member.side == SECATEUR_SIDE_OUT && weight->dim() > 1) parts.push_back(rows(group, member, weight->detach()));
    }
    return at::cat(parts, 1);
  }
#endif

  /* An alias of the live parameter. */
  Tensor weight(uint32_t param) const {
    Tensor tensor;
    check(tables_.model.param(ctx_, param, tensor.out(), err_));
    return tensor;
  }
  /* Null where there is none yet. */
  Tensor grad(uint32_t param) const {
    Tensor tensor;
    check(tables_.model.grad(ctx_, param, tensor.out(), err_));
    return tensor;
  }
  /* The value at "start", at a saved name, or at what the upstream kept: "init", "step:500". */
  Tensor weight_at(uint32_t param, const std::string &checkpoint) const {
    Tensor tensor;
    check(tables_.model.at(ctx_, param, str(checkpoint), tensor.out(), err_));
    return tensor;
  }
  /* Null where the parameter has none. */
  Tensor mask(uint32_t param) const {
    Tensor tensor;
    check(tables_.plan.mask(ctx_, param, tensor.out(), err_));
    return tensor;
  }
  /* Non-zero stays; null lifts the mask. */
  void set_mask(uint32_t param, secateur_tensor mask) const { check(tables_.plan.mask_param(ctx_, param, mask, err_)); }
  void lift_masks() const {
    for (const secateur_param *param : prunable()) set_mask(param->id, nullptr);
  }
  /* Scores of the parameter's shape; higher stays. */
  void set_scores(uint32_t param, secateur_tensor scores) const { check(tables_.plan.weight_scores(ctx_, param, scores, err_)); }
  void set_unit_scores(uint32_t group, const std::vector<double> &scores) const {
    check(tables_.plan.scores(ctx_, group, scores.data(), scores.size(), err_));
  }
  void keep_units(uint32_t group, const std::vector<uint8_t> &keep) const {
    check(tables_.plan.keep_units(ctx_, group, keep.data(), keep.size(), err_));
  }
  /* The host chooses, exactly so many; of equal scores the first. */
  void select(uint32_t scope, uint64_t count) const { check(tables_.plan.select(ctx_, scope, count, err_)); }
  /* Network and masks as they stand are the answer to a target. */
  void emit(uint32_t target) const { check(tables_.plan.emit(ctx_, target, err_)); }

  secateur_train_result train(const TrainOptions &options, Hooks *hooks = nullptr) const;
  /* In hooks: the batch of this step. */
  Batch step_batch() const {
    Batch batch;
    check(extension<secateur_ext_train>().step_batch(ctx_, batch.input.out(), batch.target.out(), err_));
    return batch;
  }
  void save(const std::string &name) const { check(extension<secateur_ext_train>().save(ctx_, str(name), err_)); }
  void rewind_to(const std::string &name) const { check(extension<secateur_ext_train>().rewind_to(ctx_, str(name), err_)); }
  /* Top-1 and loss on the validation split. */
  std::pair<double, double> evaluate() const {
    double metric = 0, loss = 0;
    check(extension<secateur_ext_train>().evaluate(ctx_, &metric, &loss, err_));
    return {metric, loss};
  }
  void recalibrate(uint64_t samples) const { check(extension<secateur_ext_train>().recalibrate(ctx_, samples, err_)); }

  void rewind_data(uint32_t split, uint32_t batch, uint32_t per_class = 0) const {
    check(extension<secateur_ext_calibration>().rewind(ctx_, split, batch, per_class, err_));
  }
  /* False at the end of the split. */
  bool next_batch(Batch &batch) const {
    const secateur_status status = extension<secateur_ext_calibration>().next(ctx_, batch.input.out(), batch.target.out(), err_);
    return check(status) != SECATEUR_DONE;
  }
  Tensor forward(const Tensor &input, uint32_t flags = 0) const {
    Tensor output;
    check(extension<secateur_ext_calibration>().forward(ctx_, input.get(), flags, output.out(), err_));
    return output;
  }
  Tensor loss(const Tensor &output, const Tensor &target) const {
    Tensor loss;
    check(extension<secateur_ext_calibration>().loss(ctx_, output.get(), target.get(), loss.out(), err_));
    return loss;
  }
  void backward(const Tensor &loss) const { check(extension<secateur_ext_calibration>().backward(ctx_, loss.get(), err_)); }
  void zero_grad() const { check(extension<secateur_ext_calibration>().zero_grad(ctx_, err_)); }

 private:
  const Tables &tables_;
  secateur_ctx *ctx_;
  const secateur_error_sink *err_;
};

namespace detail {

/* What the host hands back to each hook. */
struct Hooked {
  Hooks *hooks;
  const Tables *tables;

  static Hooked &of(void *data) { return *static_cast<Hooked *>(data); }
  static secateur_status effective_weight(void *data, secateur_ctx *ctx, uint32_t param, secateur_tensor weight, secateur_tensor *out,
                                          const secateur_error_sink *err) {
    return guard(err, [&] {
      Run run(*of(data).tables, ctx, err);
      *out = of(data).hooks->effective_weight(run, param, weight).release();
    });
  }
  static secateur_status extra_loss(void *data, secateur_ctx *ctx, uint64_t step, secateur_tensor *extra,
                                    const secateur_error_sink *err) {
    return guard(err, [&] {
      Run run(*of(data).tables, ctx, err);
      *extra = of(data).hooks->extra_loss(run, step).release();
    });
  }
  static secateur_status after_backward(void *data, secateur_ctx *ctx, uint64_t step, const secateur_error_sink *err) {
    return guard(err, [&] {
      Run run(*of(data).tables, ctx, err);
      return of(data).hooks->after_backward(run, step);
    });
  }
  static secateur_status after_step(void *data, secateur_ctx *ctx, uint64_t step, const secateur_error_sink *err) {
    return guard(err, [&] {
      Run run(*of(data).tables, ctx, err);
      return of(data).hooks->after_step(run, step);
    });
  }
};

/* Functions of a method for the contract. */
template <class Method>
struct Exported {
  struct Instance {
    Instance(const secateur_host *host, Parameters &parameters) : tables(host), method(parameters) {}
    Tables tables;
    Method method;
  };

  static secateur_status create(const secateur_host *host, secateur_str config, secateur_method **out, const secateur_error_sink *err) {
    return guard(err, [&] {
      try {
        Parameters parameters(config);
        auto instance = std::make_unique<Instance>(host, parameters);
        parameters.refuse_others();
        *out = reinterpret_cast<secateur_method *>(instance.release());
      } catch (const Error &error) {
        throw Error(error.status(), std::string("parameters of ") + Method::id + ": " + error.what());
      }
    });
  }
  static void destroy(secateur_method *self) {
    guard(nullptr, [&] { delete reinterpret_cast<Instance *>(self); });
  }
  static secateur_status prune(secateur_method *self, secateur_ctx *ctx, const secateur_request *request, const secateur_error_sink *err) {
    return guard(err, [&] {
      const uint32_t needed = request->granularity == SECATEUR_CHANNEL ? SECATEUR_METHOD_CHANNEL : SECATEUR_METHOD_WEIGHT;
      if ((Method::flags & needed) == 0) {
        throw Error::unsupported(std::string(Method::id) + " does not prune at this granularity");
      }
      Instance &instance = *reinterpret_cast<Instance *>(self);
      Run run(instance.tables, ctx, err);
      instance.method.prune(run, Request(*request));
    });
  }

  static const secateur_method_desc *describe() {
    static const char *const required[] = {SECATEUR_EXT_RUN, SECATEUR_EXT_GRAPH, SECATEUR_EXT_MODEL, SECATEUR_EXT_PLAN, nullptr};
    static const secateur_method_vtable vtable = {sizeof(secateur_method_vtable), 0, create, destroy, prune, nullptr};
    static const secateur_method_desc desc = {
        sizeof(secateur_method_desc), Method::flags,         Method::id, Method::name, Method::version, Method::summary,
        Method::citation,             Method::params_schema, required,   &vtable};
    return &desc;
  }
};

#if defined(__x86_64__)
#define SECATEUR_CPU "x86_64"
#elif defined(__aarch64__)
#define SECATEUR_CPU "aarch64"
#else
#define SECATEUR_CPU "unknown"
#endif
#if defined(__APPLE__)
#define SECATEUR_SYSTEM "apple-darwin"
#else
#define SECATEUR_SYSTEM "unknown-linux-gnu"
#endif
#if defined(__clang__)
#define SECATEUR_COMPILER __VERSION__
#else
#define SECATEUR_COMPILER "g++ " __VERSION__
#endif

inline const secateur_build_info *build_info() {
  static const secateur_build_info info = {
      sizeof(secateur_build_info),
#ifndef SECATEUR_WITHOUT_LIBTORCH
      SECATEUR_BUILD_LINKS_LIBTORCH | SECATEUR_BUILD_UNWINDS, TORCH_ABI_VERSION, TORCH_VERSION,
#else
      SECATEUR_BUILD_STABLE_SHIM | SECATEUR_BUILD_UNWINDS, SECATEUR_SHIM_VERSION, "any, by its C shim",
#endif
      SECATEUR_COMPILER, SECATEUR_CPU "-" SECATEUR_SYSTEM, "secateur_plugin.hpp 1.0", nullptr};
  return &info;
}
#undef SECATEUR_CPU
#undef SECATEUR_SYSTEM
#undef SECATEUR_COMPILER

template <class... Methods>
const secateur_entry *entry() {
  static const secateur_method_desc *const methods[] = {Exported<Methods>::describe()...};
  static const secateur_entry table = {SECATEUR_ABI_MAGIC, sizeof(secateur_entry), SECATEUR_ABI_MAJOR, SECATEUR_ABI_MINOR, 0, 0, 0,
                                       build_info(), sizeof...(Methods), 0, methods, nullptr};
  return &table;
}

} /* namespace detail */

inline secateur_train_result Run::train(const TrainOptions &options, Hooks *hooks) const {
  detail::Hooked hooked = {hooks, &tables_};
  secateur_train_hooks table = {};
  table.struct_size = sizeof table;
  table.effective_weight = detail::Hooked::effective_weight;
  table.extra_loss = detail::Hooked::extra_loss;
  table.after_backward = detail::Hooked::after_backward;
  table.after_step = detail::Hooked::after_step;
  secateur_train_request request = {};
  request.struct_size = sizeof request;
  if (options.restart_schedule) request.flags |= SECATEUR_TRAIN_RESTART_SCHEDULE;
  if (options.reset_optimizer) request.flags |= SECATEUR_TRAIN_RESET_OPTIMIZER;
  request.steps = options.steps;
  request.lr_scale = options.lr_scale;
  request.hooks = hooks == nullptr ? nullptr : &table;
  request.hooks_data = &hooked;
  request.effective_params = options.effective_params.data();
  request.n_effective_params = options.effective_params.size();
  request.extra_params = options.extra_params.data();
  request.n_extra_params = options.extra_params.size();
  request.extra_weight_decay = options.extra_weight_decay;
  secateur_train_result result = {};
  result.struct_size = sizeof result;
  check(extension<secateur_ext_train>().train(ctx_, &request, &result, err_));
  return result;
}

} /* namespace secateur */

/* Exports methods, once per library: SECATEUR_EXPORT_PLUGIN(Magnitude, Random) */
#define SECATEUR_EXPORT_PLUGIN(...)                                                    \
  extern "C" SECATEUR_EXPORT const secateur_entry *secateur_plugin_entry(void) {       \
    return ::secateur::detail::entry<__VA_ARGS__>();                                   \
  }

#endif
