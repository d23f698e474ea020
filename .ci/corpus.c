// corpus syslog|jsonl BYTES FILES PREFIX: writes deterministic logs of 500 devices over a week, of about BYTES in FILES files, to
// PREFIX0.log …: RFC 3164 lines, or JSON objects with ten members. Messages have constant parts and variables as devices
// write them (addresses, hardware addresses, ids that occur once, small numbers); one line in 200,000 names a rare host.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t state = 0x2545F4914F6CDD1Dull;
static uint32_t draw(uint32_t below) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return (uint32_t)((state >> 16) % below);
}

// severity, weight, program, message: %a address, %m hardware address, %x id of 8 digits, %l id of 24, %n up to 99, %N up to 65535,
// %f fraction, %w word of a few
static const struct { int severity, weight; const char *program, *message; } shapes[] = {
  {6, 90, "kernel", "eth%n: received %N packets, %n dropped, queue %n"},
  {4, 12, "kernel", "usb %n-%n: device descriptor read/64, error -%n"},
  {3, 3, "kernel", "mmcblk0: timed out waiting for hardware interrupt, sector %N"},
  {6, 80, "sensord", "reading %w=%f unit=C battery=%n quality=%n"},
  {6, 60, "mqtt-bridge", "forwarded message %l from %a to topic plant/%w/%x"},
  {4, 14, "mqtt-bridge", "queue length %N above %N, oldest message %n s"},
  {3, 6, "mqtt-bridge", "connection to %a:%N lost: timed out after %N ms"},
  {6, 50, "netd", "lease %a renewed for %m, %N s left"},
  {5, 20, "netd", "neighbour %m moved from port %n to port %n"},
  {6, 40, "lockd", "door %x opened by badge %l, reader %w"},
  {4, 5, "lockd", "badge %l refused at reader %w: not in list %N"},
  {6, 40, "updater", "checked %w: installed %n.%n.%n, offered %n.%n.%n"},
  {3, 2, "updater", "image %l: digest %x%x%x%x differs"},
  {6, 30, "authd", "session %x of user %w from %a closed after %N s"},
  {4, 9, "authd", "password of user %w refused from %a port %N"},
  {6, 30, "pumpctl", "pump %n: pressure %f bar, flow %f l/s, duty %n%%"},
  {5, 10, "pumpctl", "valve %n set to %n by rule %x"},
  {2, 1, "pumpctl", "pump %n: pressure %f bar outside limits, stopped"},
  {6, 20, "watchdog", "all %n services answered within %N us"},
  {7, 25, "radio", "frame %x rssi -%n snr %n from %m"},
};
enum { count = sizeof shapes / sizeof *shapes };
static const char *words[] = {"north", "south", "hall-3", "line-7", "boiler", "gate", "roof", "cellar", "lab", "dock"};
static const char *months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *levels[] = {"emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"};

static char *fill(char *out, const char *form) {
  for (; *form; form++) {
    if (*form != '%') { *out++ = *form; continue; }
    switch (*++form) {
    case 'a': out += sprintf(out, "10.%u.%u.%u", draw(4), draw(60), 1 + draw(250)); break;
    case 'm': { uint32_t x = draw(900) * 2654435761u;
      out += sprintf(out, "b8:27:eb:%02x:%02x:%02x", x >> 24 & 255, x >> 16 & 255, x >> 8 & 255); break; }
    case 'x': out += sprintf(out, "%08x", draw(0xffffffff)); break;
    case 'l': out += sprintf(out, "%08x%08x%08x", draw(0xffffffff), draw(0xffffffff), draw(0xffffffff)); break;
    case 'n': out += sprintf(out, "%u", draw(100)); break;
    case 'N': out += sprintf(out, "%u", draw(65536)); break;
    case 'f': out += sprintf(out, "%u.%02u", draw(90), draw(100)); break;
    case 'w': out += sprintf(out, "%s", words[draw(10)]); break;
    default: *out++ = *form;
    }
  }
  *out = 0;
  return out;
}

int main(int argc, char **argv) {
  if (argc != 5) { fprintf(stderr, "usage: corpus syslog|jsonl BYTES FILES PREFIX\n"); return 64; }
  int json = argv[1][0] == 'j', files = atoi(argv[3]);
  uint64_t bytes = strtoull(argv[2], 0, 10), rows = 0;
  int weights = 0;
  for (int i = 0; i < count; i++) weights += shapes[i].weight;
  for (int file = 0; file < files; file++) {
    char name[1024], line[4096], message[2048];
    snprintf(name, sizeof name, "%s%d.log", argv[4], file);
    FILE *out = fopen(name, "wb");
    if (!out) { perror(name); return 2; }
    uint64_t written = 0, limit = bytes / files;
    double at = 1773000000e3, step = 7 * 86400e3 / ((double)limit / (json ? 250 : 115));
    while (written < limit) {
      at += step * (draw(2000) / 1000.0);
      // A few lines are late.
      uint64_t ms = (uint64_t)at - (draw(50) ? 0 : draw(3000));
      time_t second = ms / 1000;
      struct tm t;
      gmtime_r(&second, &t);
      int device = file * (500 / files) + draw(500 / files), pick = draw(weights), shape = 0;
      while (pick >= shapes[shape].weight) pick -= shapes[shape++].weight;
      if (draw(200000) == 0) { strcpy(message, "name rare-otter-7.example.net resolved by nobody"); shape = 7; }
      else fill(message, shapes[shape].message);
      int n;
      if (json)
        n = snprintf(line, sizeof line,
          "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\",\"device\":\"edge-%03d\",\"site\":\"site-%02d\",\"level\":\"%s\","
          "\"program\":\"%s\",\"message\":\"%s\",\"uptime_s\":%u,\"mem_kb\":%u,\"load\":%u.%02u,\"fw\":\"3.%u.1\"}\n",
          t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(ms % 1000), device, device / 25,
          levels[shapes[shape].severity], shapes[shape].program, message, draw(9999999), draw(999999), draw(8), draw(100),
          device % 7);
      else
        n = snprintf(line, sizeof line, "<%d>%s %2d %02d:%02d:%02d edge-%03d %s[%u]: %s\n", 24 + shapes[shape].severity,
          months[t.tm_mon], t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, device, shapes[shape].program,
          200 + (device * 31 + shape * 7) % 9000, message);
      fwrite(line, 1, n, out);
      written += n;
      rows++;
    }
    fclose(out);
  }
  fprintf(stderr, "%llu lines\n", (unsigned long long)rows);
  return 0;
}
