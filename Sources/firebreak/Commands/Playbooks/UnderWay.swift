import ConsoleOutput
import Glibc
import PlaybookModel
import PlaybookRunner

/// What runs that are gone may still have under way on devices: their answers were lost, and their time is not over.
extension RunCommandSupport {
  /// Folder of the locks that all cases of this user share.
  var lockFolder: String {
    Console.environment["FIREBREAK_LOCKS"].flatMap { $0.isEmpty ? nil : $0 }
      ?? TargetLock.folder(environment: Console.environment)
  }

  /// By device what other runs may have under way: of this case by its journal, of other cases by what their runs left among the
  /// locks. To be asked with the locks held: nobody begins anything on these devices from then on.
  func unseen(_ run: String, _ lock: TargetLock) throws -> [String: UnseenAct] {
    let clock = SystemClock()
    var found = try UnseenAct.all(
      in: try CaseJournal(case: casePath, readOnly: true), except: run, executors: executors, clock: clock,
      planOf: planOf)
    let own = Self.place(casePath)
    for (other, path) in lock.left {
      let acts: [String: UnseenAct]
      do {
        acts = try Self.unseen(of: other, case: path, executors)
      } catch {
        TargetLock.forget(other, folder: lockFolder)
        Console.warn(
          Sanitizer.escape(
            "run \(other) of the case '\(path)' worked on some of these devices, and its journal cannot be read (\(error)): whether "
              + "something of it is still under way there is not known"))
        continue
      }
      if acts.isEmpty {
        TargetLock.forget(other, folder: lockFolder)
      } else if path != own {
        // A device in both lists: the act that lasts longest decides.
        found.merge(acts) { a, b in a.isOver(before: b, clock) ? b : a }
      }
    }
    return found
  }

  /// True where something of a run may be under way, or nobody knows: then the next run looks at its journal.
  static func mayBeUnderWay(_ run: String, case path: String, _ executors: ExecutorSet) -> Bool {
    (try? unseen(of: run, case: path, executors).isEmpty) != true
  }

  private static func unseen(
    of run: String, case path: String, _ executors: ExecutorSet
  ) throws -> [String: UnseenAct] {
    // A case that is not there must not be made.
    guard access(path, R_OK) == 0 else { throw CommandError("it is not there") }
    let history = RunHistory(try CaseJournal(case: path, readOnly: true).records(run: run))
    return UnseenAct.all(
      of: run, history, RunChoice.planToLookAt(run, case: path), executors, SystemClock())
  }

  private static func place(_ path: String) -> String {
    let place = realpath(path, nil)
    defer { free(place) }
    return place.map { String(cString: $0) } ?? path
  }
}
