"""Words of FHIR R4 (4.0.1) that a message may show: kinds of resources and names of elements.

A path in an error answer is shown when all its words are among these. So nothing that a server puts
into its place can reach a log: names of people are not element names. The elements are those of
the resources and data types that adapters read and write.
"""

from __future__ import annotations

_RESOURCES = """
Appointment Binary Bundle CarePlan Claim ClaimResponse Communication CommunicationRequest Condition
Coverage DiagnosticReport
DocumentReference Encounter EpisodeOfCare Flag Goal Observation OperationOutcome Organization
Parameters Patient Practitioner PractitionerRole Procedure Provenance Questionnaire
Location QuestionnaireResponse RelatedPerson ServiceRequest Subscription Task
"""
_ELEMENTS = """
abatement abatementAge abatementDateTime abatementPeriod abatementRange abatementString about
account achievementStatus action active activity actor address addresses admitSource age agent
alias allDay answer answerBoolean answerCoding answerDate answerDateTime answerDecimal
answerInteger answerOption answerQuantity answerReference answerString answerTime
answerValueSet appliesTo appointment appointmentType approvalDate asNeeded asNeededBoolean
asNeededCodeableConcept asserter assessment assigner attachment authenticator author
authorReference authorString authored authoredOn availabilityExceptions availableEndTime
availableStartTime availableTime basedOn beneficiary birthDate bodySite boundsDuration
boundsPeriod boundsRange businessStatus cancelationReason careManager careTeam category city
class classHistory clinicalStatus code coding comment communication comparator complication
complicationDetail component conclusion conclusionCode condition contact contained content
contentAttachment contentReference contentString contentType context contract contributor
copyright costToBeneficiary count countMax country created creation custodian dailyAmount data
dataAbsentReason date dayOfWeek daysOfWeek deceased deceasedBoolean deceasedDateTime
definition denominator dependent derivedFrom description destination detail detailBoolean
detailCodeableConcept detailInteger detailQuantity detailRange detailRatio detailString device
diagnosis dietPreference dischargeDisposition display district div doNotPerform docStatus due
dueDate dueDuration duration durationMax durationUnit during effective effectiveDateTime
effectiveInstant effectivePeriod effectiveTiming enableBehavior enableWhen encounter end
endpoint entity entry episodeOfCare etag event evidence exception executionPeriod experimental
expressedBy extension facilityType family focalDevice focus followUp for format frequency
frequencyMax fullUrl function gender generalPractitioner given goal groupIdentifier hasMember
hash healthcareService high hospitalization id identifier ifMatch ifModifiedSince ifNoneExist
ifNoneMatch imagingStudy implicitRules inResponseTo individual initial initialSelected input
instantiatesCanonical instantiatesUri insurance intent interpretation issued issuer item
jurisdiction kind language lastModified lastReviewDate lastUpdated length lifecycleStatus line
link linkId location locationCode locationReference low managingOrganization manipulated
maritalStatus masterIdentifier maxLength measure media medium meta method minutesDuration mode
modifierExtension multipleBirth multipleBirthBoolean multipleBirthInteger name network
notAvailable note numerator occurred occurredDateTime occurredPeriod occurrence
occurrenceDateTime occurrencePeriod occurrenceTiming offset onBehalfOf onset onsetAge
onsetDateTime onsetPeriod onsetRange onsetString operator order orderDetail organization
origin other outcome outcomeCode outcomeCodeableConcept outcomeReference output owner partOf
participant patient patientInstruction payload payor performed performedAge performedDateTime
performedPeriod performedRange performedString performer performerType period periodMax
periodUnit photo physicalType policy policyHolder postalCode practiceSetting practitioner
preAdmissionIdentifier preferred prefix presentedForm priority product productCodeableConcept
productReference profile progress publisher purpose qualification quantity quantityQuantity
quantityRange quantityRatio question questionnaire rank reAdmission readOnly reason reasonCode
reasonReference received recipient recorded recordedDate recorder reference referenceRange
referralRequest related relatesTo relation relationship relevantHistory repeat repeats
repetitions replaces report request requestedPeriod requester required requisition resource
resourceType response restriction result resultsInterpreter role scheduled scheduledPeriod
scheduledString scheduledTiming score search security securityContext securityLabel sender
sent serviceCategory serviceProvider serviceType severity sigFormat signature size slot source
sourcePatientInfo specialArrangement specialCourtesy specialty specimen stage start
startCodeableConcept startDate state status statusDate statusHistory statusReason subject
subjectType subrogation subscriber subscriberId suffix summary supportingInfo
supportingInformation system tag target targetFormat team telecom text time timeOfDay
timestamp title topic total type unit url use useContext usedCode usedReference userSelected
value valueAddress valueAge valueAnnotation valueAttachment valueBase64Binary valueBoolean
valueCanonical valueCode valueCodeableConcept valueCoding valueContactDetail valueContactPoint
valueContributor valueCount valueDataRequirement valueDate valueDateTime valueDecimal
valueDistance valueDosage valueDuration valueExpression valueHumanName valueId valueIdentifier
valueInstant valueInteger valueMarkdown valueMeta valueMoney valueOid valueParameterDefinition
valuePeriod valuePositiveInt valueQuantity valueRange valueRatio valueReference
valueRelatedArtifact valueSampledData valueSignature valueString valueTime valueTiming
valueTriggerDefinition valueUnsignedInt valueUri valueUrl valueUsageContext valueUuid
verificationStatus version versionId what when who
accident addItem adjudication amount benefitPeriod billablePeriod careTeamSequence channel
claim claimResponse communicationRequest coverage criteria diagnosisCodeableConcept
diagnosisReference diagnosisSequence disposition enterer error facility factor focal formCode
fundsReserve header informationSequence insurer itemSequence locationAddress modifier net
noteNumber onAdmission packageCode parameter part payee payeeType payment
preAuthPeriod preAuthRef prescription procedure procedureCodeableConcept procedureReference
procedureSequence processNote productOrService programCode provider referral requestor
responsible revenue sequence serviced servicedDate servicedPeriod subDetail subSite subType
timing timingDate timingPeriod udi unitPrice
"""

RESOURCES = frozenset(_RESOURCES.split())
ELEMENTS = frozenset(_ELEMENTS.split())
