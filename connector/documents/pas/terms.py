"""Names of PAS 2.2.1 (August 2026), CDex 2.1.0 and Subscriptions R5 Backport for R4.

Source of each: the FSH files and pages of the guides (HL7/davinci-pas, HL7/davinci-ecdx).
"""

from __future__ import annotations

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
TOPIC = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
TEMP_CODES = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
X12 = "https://codesystem.x12.org/005010/"
"""Before the number of an X12 data element: 306 is HCR01, 1322 UM02, and so on."""

REASONS_886 = "https://codesystem.x12.org/external/886"
ACTIONS_306 = X12 + "306"
REJECTIONS_901 = X12 + "901"
FOLLOW_UPS_889 = X12 + "889"
CERTIFICATION_1322 = X12 + "1322"
REQUEST_1525 = X12 + "1525"
SERVICE_1365 = X12 + "1365"
UNITS_673 = X12 + "673"
REPORTS_755 = X12 + "755"
TRANSMISSION_756 = X12 + "756"
LEVEL_1338 = X12 + "1338"
ENTITY_98 = X12 + "98"
RELATIONSHIP_1069 = X12 + "1069"
CAUSE_1362 = X12 + "1362"

NPI = "http://hl7.org/fhir/sid/us-npi"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9CM = "http://terminology.hl7.org/CodeSystem/icd9cm"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
PLACE_OF_SERVICE = (
    "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)
TAXONOMY = "http://nucc.org/provider-taxonomy"
LOINC = "http://loinc.org"
URI_SYSTEM = "urn:ietf:rfc:3986"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"
PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"
ADJUDICATION = "http://terminology.hl7.org/CodeSystem/adjudication"
RELATED = "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
SUBSCRIBER_RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
PAYER_ID_TYPE = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType"
COVERAGE_CLASS = "http://terminology.hl7.org/CodeSystem/coverage-class"
DOCUMENT_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
NOT_APPLICABLE = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

REQUEST_BUNDLE = PAS + "profile-pas-request-bundle"
RESPONSE_BUNDLE = PAS + "profile-pas-response-bundle"
INQUIRY_BUNDLE = PAS + "profile-pas-inquiry-request-bundle"
INQUIRY_RESPONSE_BUNDLE = PAS + "profile-pas-inquiry-response-bundle"
CLAIM = PAS + "profile-claim"
CLAIM_UPDATE = PAS + "profile-claim-update"
CLAIM_INQUIRY = PAS + "profile-claim-inquiry"
CLAIM_RESPONSE = PAS + "profile-claimresponse"
CLAIM_INQUIRY_RESPONSE = PAS + "profile-claiminquiryresponse"

CERTIFICATION = PAS + "extension-certificationType"
REQUEST_TYPE = PAS + "extension-serviceItemRequestType"
LEVEL_OF_SERVICE = PAS + "extension-levelOfServiceCode"
ITEM_TRACE = PAS + "extension-itemTraceNumber"
AUTHORIZATION_NUMBER = PAS + "extension-authorizationNumber"
ADMINISTRATIVE_NUMBER = PAS + "extension-administrationReferenceNumber"
REQUESTED_SERVICE = PAS + "extension-requestedService"
CARE_TEAM_SCOPE = PAS + "extension-careTeamClaimScope"
DOCUMENT_INFORMATION = PAS + "extension-documentInformation"
TRANSMISSION = PAS + "extension-TransmissionIdentifiers"
INFO_CHANGED = PAS + "extension-infoChanged"
INFO_CANCELLED = PAS + "modifierextension-infoCancelled"
REVIEW_ACTION = PAS + "extension-reviewAction"
REVIEW_CODE = PAS + "extension-reviewActionCode"
ISSUED = PAS + "extension-itemPreAuthIssueDate"
PERIOD = PAS + "extension-itemPreAuthPeriod"
SERVICE_DATE = PAS + "extension-itemRequestedServiceDate"
DETAIL = PAS + "extension-itemAuthorizedDetail"
LINE_NUMBER = PAS + "extension-serviceLineNumber"
FOLLOW_UP = PAS + "extension-errorFollowupAction"
ERROR_ELEMENT = PAS + "extension-errorElement"
ERROR_PATH = PAS + "extension-errorPath"
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

ACTION_CODES = frozenset({"A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"})
"""HCR01, element 306."""
CERTIFICATION_CODES = frozenset({"I", "R", "S", "4", "1", "2", "3", "N"})
REQUEST_CODES = frozenset({"AR", "HS", "SC", "IN"})
UNIT_CODES = frozenset({"DY", "FL", "HS", "MN", "VS"})
"""HSD01 (element 673 in 2000F)."""
OTHER_UNITS = frozenset({"DA", "F2", "MJ", "UN"})
"""Days, international units, minutes and units as SV1 counts them: units that the guide's text on
Claim.item.quantity names, and that are no code of HSD01."""
CATEGORIES = frozenset(
    {"patientEvent", "admissionDates", "dischargeDates", "additionalInformation", "freeFormMessage"}
)
DTR_LOINC = "102089-0"
"""LOINC: the payer asks for its own questionnaire (additionalinfo, ainfo-3)."""
