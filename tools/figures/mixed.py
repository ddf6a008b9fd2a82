"""Mixed batches of public layer tables, predicted where only prefills and decodes were measured."""

import json
import shutil
import sqlite3
import subprocess

# The folder of the tables, and the device.
TABLES = [("RTX4090", "rtx-4090"), ("RTXPRO6000", "rtx-pro-6000")]
POINTS = 200
AXES = ("prefillTokens", "prefillPast", "decodeSequences", "decodeContext")


def hidden(reprise, data, scratch):
    """Prints, a device: how far hidden batches lie from their predictions, and how many 90 % intervals hold them."""
    print("Attention of mixed batches, predicted from prefills and decodes alone (vLLM 0.19.0)")
    print("device        points  mean error %  in 90 %  median interval")
    for folder, device in TABLES:
        whole, database = scratch / f"{folder}.sqlite", scratch / f"{folder}-pure.sqlite"
        subprocess.run(
            [reprise, "import", data / "operator-tables/layerwise" / folder / "Llama-3.1-8B/tp1",
             "--model", "Llama-3.1-8B", "--db", whole], check=True, capture_output=True)
        shutil.copy(whole, database)
        with sqlite3.connect(database) as connection:
            points = connection.execute(
                "SELECT attributes, axis0, axis1, axis2, axis3, median_ns FROM sample"
                " JOIN curve ON curve.id = curve_id JOIN runtime ON runtime.id = runtime_id"
                " WHERE kind = 'attention' AND version = '0.19.0'"
                " AND axis0 > 0 AND axis2 > 0 AND axis4 = 0"
                " ORDER BY attributes, axis0, axis1, axis2, axis3").fetchall()
            connection.execute("DELETE FROM sample WHERE axis0 > 0 AND axis2 > 0")
        chosen = points[::max(1, len(points) // POINTS)]
        errors, inside, widths = [], 0, []
        for attributes, *sizes, measured in chosen:
            said = json.loads(subprocess.run(
                [reprise, "query", "--db", database, "attention", *attributes.split(),
                 *(f"{name}={size}" for name, size in zip(AXES, sizes)), "--device", device, "--json"],
                check=True, capture_output=True, text=True).stdout)
            low, high = said["interval90"]
            errors.append(abs(said["nanoseconds"] / measured - 1))
            inside += low <= measured <= high
            widths.append(high / said["nanoseconds"])
        print(f"{device:13} {len(chosen):6}  {100 * sum(errors) / len(errors):12.1f}"
              f"  {100 * inside / len(chosen):7.0f}  x {sorted(widths)[len(widths) // 2]:.2f} and / as much")
