from __future__ import annotations

from pathlib import Path

from app.pipeline.evaluate import Score
from bench.match.agencies import measured

BUILDING = (
    "project_id,project_name,project_start_date,project_completion_date,Project_Building_ID,number,street,borough,"
    "postcode,bbl,bin,community_board,latitude,longitude,building_completion_date,reporting_construction_type,"
    "counted_rental_units,counted_homeownership_units,all_counted_units,total_units"
)
JOB = "record_id,record_name,status,type,units_gross,date,date_type,borough"
LINK = "hpd_project_id,hpd_building_id,dob_job,relation,how_matched,dob_in_feed"


def building(key: str, name: str, number: str, street: str, dwellings: int) -> str:
    return f"{key},{name},1/2/16,,B{key},{number},{street},Brooklyn,,,,,,,,New Building,1,0,1,{dwellings}"


def test_buildings_and_jobs_meet_by_address_and_links_the_city_denies_do_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "nyc_hpd_dob"
    folder.mkdir()
    files = {
        "feed_housing_hpd.csv": [
            BUILDING,
            building("1", "MAPLE COURT", "15", "OAK AVE", 60),
            building("2", "ELM HOUSE", "7", "ELM STREET", 44),
            building("3", "NOWHERE", "9", "PINE STREET", 30),
        ],
        "feed_buildings_dob.csv": [
            JOB,
            "J1,15   OAK AVENUE,done,New Building,60,2016/02/01,Date Permitted,3",
            "J2,9 ELM STREET,done,New Building,44,2016/02/01,Date Permitted,3",
            "J3,15 OAK AVENUE,done,New Building,3,2016/02/01,Date Permitted,2",
            "J4,9 PINE STREET,done,New Building,30,2016/02/01,Date Permitted,3",
        ],
        "truth_hpd_dob.csv": [
            LINK,
            "1,B1,J1,1-to-1,BBLOnly,True",
            "2,B2,J2,1-to-1,Manual,True",
            "3,B3,J4,No match,Manual,True",
            "3,B3,J9,1-to-1,Manual,False",
        ],
    }
    for name, rows in files.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    told = measured(tmp_path)
    assert told["nyc_hpd_dob, true links"] == 2
    assert told["nyc_hpd_dob, lower cut"] == Score(1.0, 1.0, 1.0)
    assert told["nyc_hpd_dob, share found"] == {"BBLOnly": "1/1", "Manual": "1/1"}
