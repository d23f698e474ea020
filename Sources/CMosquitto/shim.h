// The system header, as one importable module.
#pragma once
#include <mosquitto.h>
#include <mqtt_protocol.h>
