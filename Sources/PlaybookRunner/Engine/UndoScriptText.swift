/// The parts of the undo script that are the same for every plan.
enum UndoScriptText {
  /// What every script begins with: the functions that its commands use, and its options.
  static func head(_ playbook: String, run: String, plan: String) -> [String] {
    [
      "#!/bin/sh",
      "# Takes back: \(playbook), run \(run), plan \(plan)",
      "# Prefer 'firebreak playbook undo \(run)': it leaves alone what was not changed and what a later run counts on, asks the interlocks again and keeps a journal.",
      "# For dynamic security mosquitto_ctrl reads '-u USER' and '-P PASSWORD' from ~/.config/mosquitto_ctrl (mode 0600).",
      "# ssh takes user and key from where the run had them: --secret NAME=file:PATH (or folder:PATH) and --known-hosts FILE say otherwise.",
      "# What must be done by hand holds back the steps before it; once it is done, --by-hand-done takes back the rest.",
      "# Exit code 0: all is taken back. 1: something failed, was left alone, or must be done by hand; it is named.",
      "set -u", "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin", "export PATH",
      "taken=0; failed=0; left=0; by_hand=0; step=''; given=''; hosts=''; by_hand_done=0; stands=''; standing=0; number=0; waits=''; what=device",
      ShellQuote.lineFeed,
    ] + options + functions + order
  }

  private static let options = [
    "while [ $# -gt 0 ]; do",
    "  case $1 in",
    "  --by-hand-done) by_hand_done=1; shift; continue ;;",
    "  --secret) given=$firebreak_lf${2-}$firebreak_lf$given ;;",
    "  --known-hosts) hosts=${2-} ;;",
    "  *) echo \"'$1' is no option of this script: --secret NAME=file:PATH, --known-hosts FILE, --by-hand-done\" >&2; exit 64 ;;",
    "  esac",
    "  [ $# -gt 1 ] || { echo \"$1 wants a value\" >&2; exit 64; }",
    "  shift 2",
    "done",
  ]

  private static let functions = [
    "undone() { taken=$((taken + 1)); }",
    "not_undone() { # device",
    "  failed=$((failed + 1)); stays \"$1\"; printf '%s: failed: %s\\n' \"$1\" \"$step\" >&2",
    "}",
    "left_alone() { # device",
    "  left=$((left + 1)); stays \"$1\"",
    "}",
    "by_hand() { # device, 1 for the first time, task",
    "  [ $by_hand_done = 0 ] || return 0",
    "  stays \"$1\"",
    "  by_hand=$((by_hand + $2)); printf '%s: by hand: %s\\n' \"$1\" \"$step\" >&2",
    "  printf '%s\\n' \"$3\" | sed 's/^/    /' >&2",
    "}",
    "limited() { # seconds command; where there is no timeout(1) it takes as long as it takes",
    "  if command -v timeout >/dev/null; then timeout \"$@\"; else shift; \"$@\"; fi",
    "}",
    "locally() { # seconds command: in the environment that a run gives it",
    "  seconds=$1; shift",
    "  limited \"$seconds\" env -i PATH=\"$PATH\" LC_ALL=C.UTF-8 \"$@\" </dev/null",
    "}",
    "dynsec() { # seconds arguments; mosquitto_ctrl exits with 0 on errors, so its words decide",
    "  seconds=$1; shift",
    "  if answer=$(limited \"$seconds\" mosquitto_ctrl \"$@\" 2>&1 </dev/null); then",
    "    case $answer in *rror*|*not\\ found*) ;; *) return 0 ;; esac",
    "  fi",
    "  printf '%s failed: %s\\n' \"$*\" \"$answer\" >&2; return 1",
    "}",
    "request() { # arguments of curl, which takes a redirection for success",
    "  status=$(curl -sS --netrc-optional --path-as-is -o /dev/null -w '%{http_code}' \"$@\" </dev/null) || return 1",
    "  case $status in 2??) return 0 ;; esac",
    "  echo \"HTTP status $status\" >&2; return 1",
    "}",
    "remote() { # secret, its place, known hosts, device, host, port, seconds: runs what standard input holds",
    "  place=$2",
    "  case $given in *\"$firebreak_lf$1=\"*) place=${given#*\"$firebreak_lf$1=\"}; place=${place%%\"$firebreak_lf\"*} ;; esac",
    "  case $place in",
    "  file:*) file=${place#file:} ;;",
    "  folder:*) file=${place#folder:}/$4 ;;",
    "  *) echo \"user and key of '$1' lie in no file that this script knows: add --secret $1=file:PATH\" >&2; return 1 ;;",
    "  esac",
    "  user=''; key=''",
    "  { IFS= read -r user; IFS= read -r key; } < \"$file\"",
    "  [ -n \"$user\" ] && [ -n \"$key\" ] || { echo \"'$file' must hold a user and, on a second line, the path of a private key\" >&2; return 1; }",
    "  limited \"$7\" ssh -F none -T -i \"$key\" -l \"$user\" -p \"$6\" -o BatchMode=yes -o StrictHostKeyChecking=yes "
      + "-o UserKnownHostsFile=\"${hosts:-$3}\" -o GlobalKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o ConnectTimeout=5 "
      + "-o ServerAliveInterval=5 -o ForwardAgent=no -o ClearAllForwardings=yes -o UpdateHostKeys=no -o LogLevel=ERROR \"$5\" sh -s",
    "}",
  ]

  /// What a step is taken back on that goes out once for all devices.
  static let together = "all devices together"

  /// What was not taken back of a step holds back the steps before it, on that device: `stands` has the step's number and the
  /// device's name, one a line.
  private static let order = [
    "stays() { # device",
    "  standing=$((standing + 1)); stands=$stands$firebreak_lf\"$number $1\"$firebreak_lf",
    "}",
    "all_stand() { # devices of the step: what stands on all of them holds back a group, too",
    "  [ \"$standing\" -lt \"$1\" ] || stands=$stands$firebreak_lf\"$number \(together)\"$firebreak_lf",
    "}",
    "follows() { # device: whether all that was done after this step is taken back there",
    "  for one in $waits; do",
    "    case $stands in",
    "    *\"$firebreak_lf$one $1$firebreak_lf\"* | *\"$firebreak_lf$one \(together)$firebreak_lf\"*)",
    "      printf '%s is left alone: %s: what was done after it was not taken back\\n' \"$1\" \"$step\" >&2",
    "      left_alone \"$1\"; return 1 ;;",
    "    esac",
    "  done",
    "  return 0",
    "}",
  ]

  /// What every script ends with.
  static let end = [
    "echo \"$taken taken back, $failed failed, $left left alone\" >&2",
    "case $by_hand in 0) ;; 1) echo \"1 $what must be done by hand\" >&2 ;; *) echo \"$by_hand ${what}s must be done by hand\" >&2 ;; esac",
    "[ $by_hand = 0 ] || [ $left = 0 ] || echo 'once that is done by hand, --by-hand-done takes back what waits for it' >&2",
    "[ $((failed + left + by_hand)) = 0 ]",
  ]

  /// `free DEVICE COLUMN REFUSED REQUIRED` says whether the inventory of this moment lets a device be touched, and `same DEVICE COLUMN
  /// VALUE` whether it has this value there still.
  static let locks = [
    "# The interlocks are asked again, of the inventory of this moment: INVENTORY names its CSV file.",
    ": \"${INVENTORY:?set INVENTORY to the CSV file of the inventory, its first column the devices}\"",
    "known() {",
    "  DEVICE=$1 COLUMN=$2 awk '",
    "    function split_line(line,  n, i, c, quoted, cell) {",
    "      n = 1; quoted = 0; cell = \"\"; delete cells",
    "      for (i = 1; i <= length(line); i++) {",
    "        c = substr(line, i, 1)",
    "        if (c == \"\\\"\") { if (quoted && substr(line, i + 1, 1) == \"\\\"\") { cell = cell c; i++ } else quoted = !quoted }",
    "        else if (c == \",\" && !quoted) { cells[n++] = cell; cell = \"\" } else cell = cell c",
    "      }",
    "      cells[n] = cell; return n",
    "    }",
    "    { sub(/\\r$/, \"\"); n = split_line($0) }",
    "    NR == 1 { for (i = 1; i <= n; i++) if (cells[i] == ENVIRON[\"COLUMN\"]) column = i; next }",
    "    cells[1] == ENVIRON[\"DEVICE\"] && column && cells[column] != \"\" {",
    "      if (known != \"\" && cells[column] \"\" != known \"\") contradicted = 1",
    "      known = cells[column]",
    "    }",
    "    END { if (!contradicted) print known }' \"$INVENTORY\"",
    "}",
    "same() {",
    "  value=$(known \"$1\" \"$2\") || value=",
    "  [ \"$value\" = \"$3\" ] && return 0",
    "  echo \"$1 is left alone: its $2 was '$3' when the plan was made, and is '$value' now\" >&2; return 1",
    "}",
    "free() {",
    "  value=$(known \"$1\" \"$2\") || value=",
    "  if [ -z \"$value\" ]; then echo \"$1 is left alone: the inventory does not say its $2\" >&2; return 1; fi",
    "  small=$(printf %s \"$value\" | tr '[:upper:]' '[:lower:]' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')",
    "  case \"|$3|\" in *\"|$value|\"* | *\"|$small|\"*) echo \"$1 is left alone: $2 is $value\" >&2; return 1 ;; esac",
    "  [ -z \"$4\" ] && return 0",
    "  case \"|$4|\" in *\"|$value|\"*) return 0 ;; esac",
    "  echo \"$1 is left alone: $2 is $value\" >&2; return 1",
    "}",
  ]
}
